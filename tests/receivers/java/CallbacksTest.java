import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * How a program that takes relay callbacks is tested with pullpush: a scenario is played, and the program is asked what it
 * made of it.
 *
 * <p>PULLPUSH names the binary if it is not in PATH. The program is Receiver.java; scenarios are files as anywhere else. It
 * needs JUnit 5, from Maven as org.junit.jupiter:junit-jupiter.
 */
@Timeout(60)
class CallbacksTest {
    private static final String PULLPUSH = System.getenv().getOrDefault("PULLPUSH", "pullpush");
    private static final Path SCENARIOS = Path.of("../scenarios");
    private static final String KEY = "testkey";

    @TempDir
    Path folder;

    private Receiver receiver;

    @BeforeEach
    void start() throws Exception {
        receiver = new Receiver(null, 0);
    }

    @AfterEach
    void stop() {
        receiver.close();
    }

    @Test
    void followsAPlaylistToItsEnd() throws Exception {
        play("playlist");
        assertEquals(Map.of("state", "stopped", "workers", 0, "finished", List.of(0, 1)), task());
    }

    @Test
    void doesNotTakeAnExitForTheEnd() throws Exception {
        play("push-breaks");
        assertEquals(List.of(0, 1), task().get("finished"));
    }

    @Test
    void takesAnExitThatNamesNoTask() throws Exception {
        play("no-id");
    }

    @Test
    void countsOnceWhatComesTwice() throws Exception {
        play("twice");
        assertEquals(Map.of("state", "running", "workers", 1, "finished", List.of()), task());
    }

    @Test
    void changesNothingAtWhatComesLate() throws Exception {
        play("late");
        assertEquals(Map.of("state", "stopped", "workers", 0, "finished", List.of(0)), task());
    }

    @Test
    void refusesDamagedCallbacks() throws Exception {
        play("damaged");
        assertEquals(UNKNOWN, task());
    }

    @Test
    void comesToTheSameEndInEveryOrder() throws Exception {
        pullpush("explore", scenario("five"), "--swaps", "1", "--dups", "1");
    }

    @Test
    void hasAReportForCi() throws Exception {
        play("playlist");
        String report = Files.readString(folder.resolve("playlist.xml"));
        assertTrue(report.contains("tests=\"1\" skipped=\"0\" failures=\"0\" errors=\"0\""), report);
        assertTrue(report.contains("<testcase name=\"task 118148\""), report);
    }

    @Nested
    class WithAKey {
        @BeforeEach
        void start() throws Exception {
            receiver.close();
            receiver = new Receiver(KEY, 0);
        }

        @Test
        void takesSignedCallbacks() throws Exception {
            play("playlist", "--set", "payload.key_env=CALLBACK_KEY");
            assertEquals(List.of(0, 1), task().get("finished"));
        }

        @Test
        void refusesForgedCallbacks() throws Exception {
            play("forged");
            assertEquals(UNKNOWN, task());
        }

        @Test
        void keepsTheContract() throws Exception {
            pullpush("contract", "--key-env", "CALLBACK_KEY", "--state", "/tasks/{task_id}",
                    "--state-field", "/state", "--state-field", "/workers");
        }
    }

    /** Plays a scenario at full speed: everything has to be taken as it should be. */
    private void play(String name, String... flags) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("run", scenario(name), "--speed", "max"));
        arguments.addAll(List.of("--report", "junit=" + folder.resolve(name + ".xml")));
        arguments.addAll(List.of(flags));
        pullpush(arguments.toArray(String[]::new));
    }

    private static String scenario(String name) {
        return SCENARIOS.resolve(name + ".toml").toString();
    }

    /** Runs pullpush against the receiver; fails with all that it said unless it exits with 0. */
    private void pullpush(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(PULLPUSH));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--to", url("/callback")));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("CALLBACK_KEY", KEY);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), said);
    }

    private static final Map<?, ?> UNKNOWN = Map.of("code", 404, "message", "no such task");

    /** What the receiver says of the task of the scenarios. */
    private Map<?, ?> task() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url("/tasks/118148"))).build();
        String answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
        return new ObjectMapper().readValue(answer, Map.class);
    }

    private String url(String path) {
        return "http://127.0.0.1:" + receiver.port() + path;
    }
}
