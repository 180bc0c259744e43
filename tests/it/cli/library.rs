//! `pullpush list`, `show`, `init`, `codes`, and `check` from the outside.

use super::Desk;

/// The names that `list` tells.
fn names() -> Vec<String> {
    let listed = Desk::new().run("pullpush list").exits(0).stdout;
    listed.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn list_tells_what_each_teaches() {
    let listed = Desk::new().run("pullpush list").exits(0);
    assert!(listed.stderr.is_empty());
    for line in listed.stdout.lines() {
        let (name, teaches) = line.split_once("  ").unwrap();
        assert!(!name.contains(' ') && teaches.trim().ends_with('.') && line.chars().count() <= 140, "{line}");
    }
    assert!(names().contains(&"playlist".to_owned()));
}

#[test]
fn show_and_init_give_the_same_file_and_it_plays() {
    for name in names() {
        let desk = Desk::new();
        let shown = desk.run(format!("pullpush show {name}")).exits(0).stdout;
        let done = desk.run(format!("pullpush init {name}")).exits(0);
        assert_eq!(done.stdout, format!("wrote {name}.toml; play it with: pullpush run {name}.toml --sink\n"));
        assert_eq!(desk.read(&format!("{name}.toml")), shown);
        desk.run(format!("pullpush check {name}.toml")).exits(0).shows(&format!("{name}.toml: ok\n"));
    }
}

#[test]
fn init_begins_with_a_playlist_and_overwrites_nothing() {
    let desk = Desk::new().file("playlist.toml", "mine");
    let done = desk.run("pullpush init").exits(3);
    assert_eq!(
        done.stderr,
        "error: playlist.toml is there already; it is left as it is: take another folder, or: pullpush show playlist > other.toml\n"
    );
    assert_eq!(desk.read("playlist.toml"), "mine");
    let desk = Desk::new();
    desk.run("pullpush init && pullpush run playlist.toml --sink --speed max").exits(0).shows("8 callbacks planned");
}

#[test]
fn a_name_that_is_not_in_the_library() {
    for verb in ["show", "init"] {
        let done = Desk::new().run(format!("pullpush {verb} nothing")).exits(2);
        assert_eq!(done.stderr, "error: no scenario is called nothing; `pullpush list` names them\n");
        let done = Desk::new().run(format!("pullpush {verb} migraton")).exits(2);
        let said = "error: no scenario is called migraton; did you mean migration? `pullpush list` names them\n";
        assert_eq!(done.stderr, said);
    }
}

#[test]
fn a_file_that_is_not_there_may_be_in_the_library() {
    let help = "; a scenario of that name comes with pullpush: pullpush init playlist\n";
    for (line, help) in [
        ("run playlist.toml --sink", help),
        ("run playlist --virtual", help),
        ("check playlist.toml", help),
        ("load playlist.toml --sink", help),
        ("plan nothing.toml", "\n"),
        ("plan there/playlist.toml", "\n"),
    ] {
        let done = Desk::new().run(format!("pullpush {line}")).exits(2);
        let file = line.split(' ').nth(1).unwrap();
        assert_eq!(done.stderr, format!("error: cannot read {file}: No such file or directory (os error 2){help}"));
    }
}

#[test]
fn codes_tell_their_origin() {
    let desk = Desk::new();
    desk.run("pullpush codes").golden("codes/human");
    let rows = desk.run("pullpush codes --format json").exits(0).objects();
    assert_eq!(rows.len() + 3, desk.run("pullpush codes").stdout.lines().count());
    let documented: Vec<_> = rows.iter().filter(|row| row["origin"] == "documented").collect();
    assert_eq!((documented.len(), &documented[0]["code"]), (1, &(-22).into()));
    // Each can be used by its name.
    for row in &rows {
        let name = row["name"].as_str().unwrap();
        let done = desk.run(format!("pullpush plan vod.toml --set task.exit={name}")).exits(0);
        done.shows(&format!("TaskExit {}  ", row["code"]));
    }
}

#[test]
fn check_tells_all_problems_to_people_and_to_programs() {
    let bad = "version = 1\nsed = 1\n[[task]]\nsource = \"vod\"\nloops = -1\n";
    let desk = Desk::new().file("bad.toml", bad);
    desk.run("pullpush check vod.toml bad.toml missing.toml").golden("check/human");
    desk.run("pullpush check vod.toml bad.toml --format json").golden("check/json");
    desk.run("pullpush check vod.toml --set task.count=0").golden("check/set");
}
