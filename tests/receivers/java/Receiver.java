import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A receiver of relay callbacks: POST /callback takes them, GET /tasks/ID tells of a task.
 *
 * <p>How it is tested stands in CallbacksTest.java. It needs Java 17 and Jackson. Run by itself it takes a signing key from
 * CALLBACK_KEY and prints its port; PORT chooses one.
 */
final class Receiver implements AutoCloseable {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    static {
        // Head and body of an answer leave in two packets; the second would wait 40 ms for the first to be acknowledged.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final String key;
    private final Map<String, Task> tasks = new HashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    /** Listens on a port of the loopback interface, 0 for a free one. With a key it takes only what is signed with it. */
    Receiver(String key, int port) throws IOException {
        this.key = key;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(threads);
        server.createContext("/callback", exchange -> answer(exchange, () -> take(exchange.getRequestBody().readAllBytes())));
        server.createContext("/tasks/", exchange -> answer(exchange, () -> told(exchange.getRequestURI().getPath().substring(7))));
        server.createContext("/reset", exchange -> answer(exchange, this::reset));
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdown();
    }

    private Object take(byte[] body) throws Refused {
        JsonNode callback = parsed(body, "the body");
        if (key != null) {
            checkSignature(callback);
        }
        if (!callback.path("callback_event").isTextual()) {
            throw new Refused(400, "no callback_event");
        }
        String event = callback.get("callback_event").textValue();
        JsonNode msg = parsed(callback.path("msg").asText().getBytes(StandardCharsets.UTF_8), "msg");
        // A TaskExit that names no task may be any task's.
        if (callback.has("task_id")) {
            synchronized (tasks) {
                tasks.computeIfAbsent(callback.get("task_id").asText(), id -> new Task()).take(event, msg);
            }
        }
        return Map.of("code", 0);
    }

    private Object told(String id) throws Refused {
        synchronized (tasks) {
            if (!tasks.containsKey(id)) {
                throw new Refused(404, "no such task");
            }
            return tasks.get(id).told();
        }
    }

    private Object reset() {
        synchronized (tasks) {
            tasks.clear();
        }
        return Map.of();
    }

    private void checkSignature(JsonNode callback) throws Refused {
        String t = callback.path("t").asText();
        boolean isOver = !t.matches("\\d{1,18}") || Long.parseLong(t) < System.currentTimeMillis() / 1000;
        if (isOver || !md5(key + t).equals(callback.path("sign").asText())) {
            throw new Refused(403, "not signed, or too long ago");
        }
    }

    private static JsonNode parsed(byte[] text, String what) throws Refused {
        try {
            JsonNode value = JSON.readTree(text);
            if (value.isObject()) {
                return value;
            }
        } catch (IOException error) {
            // Told below.
        }
        throw new Refused(400, what + " is not a JSON object");
    }

    private static String md5(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }

    private interface Handler {
        Object handle() throws Refused, IOException;
    }

    private static void answer(HttpExchange exchange, Handler handler) throws IOException {
        try (exchange) {
            int status = 200;
            Object value;
            try {
                value = handler.handle();
            } catch (Refused refused) {
                status = refused.status;
                value = Map.of("code", refused.status, "message", refused.getMessage());
            }
            byte[] body = JSON.writeValueAsBytes(value);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /** What is wrong with a request. */
    private static final class Refused extends Exception {
        private final int status;

        Refused(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    /** What is known of a task. It follows from what happened, in whatever order that is told, and however often. */
    private static final class Task {
        private long lastStart;
        private long lastExit;
        private final SortedSet<Integer> finished = new TreeSet<>();

        void take(String event, JsonNode msg) {
            switch (event) {
                case "TaskStart" -> lastStart = Math.max(lastStart, msg.path("task_start_time").asLong());
                // Not the end: a push that breaks, or a migration, is a TaskExit and then a TaskStart.
                case "TaskExit" -> lastExit = Math.max(lastExit, msg.path("task_exit_time").asLong());
                case "VodSourceFileFinish" -> finished.add(msg.path("index").asInt());
                default -> { } // Something new, or nothing that matters here.
            }
        }

        Object told() {
            boolean running = lastStart > lastExit;
            return Map.of("state", running ? "running" : "stopped", "workers", running ? 1 : 0, "finished", finished);
        }
    }

    public static void main(String[] args) throws IOException {
        Map<String, String> environment = System.getenv();
        int port = Integer.parseInt(environment.getOrDefault("PORT", "0"));
        System.out.println(new Receiver(environment.get("CALLBACK_KEY"), port).port());
    }
}
