//! `completions`, `man` and `schema`: they know every verb and every flag, and the shells that are here can read them.

use super::Desk;
use super::help::{flags, verbs};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

#[test]
fn every_shell_is_told_of_every_verb_and_flag() {
    for shell in SHELLS {
        let script = Desk::new().run(format!("pullpush completions {shell}")).exits(0).stdout;
        for verb in verbs() {
            assert!(script.contains(&verb), "{shell}: {verb}");
            for flag in flags(&verb) {
                // Fish calls a long flag -l.
                let known = if shell == "fish" { format!("-l {flag}") } else { format!("--{flag}") };
                assert!(script.contains(&known), "{shell}: {verb} {flag}");
            }
        }
    }
    Desk::new()
        .run("pullpush completions tcsh")
        .exits(2)
        .says("[possible values: bash, elvish, fish, powershell, zsh]");
}

/// Elsewhere than here there may be other shells; one that is not there reads nothing.
#[test]
fn a_shell_that_is_here_can_read_it() {
    for shell in ["bash", "fish", "zsh"] {
        let desk = Desk::new();
        desk.run(format!("pullpush completions {shell} > script")).exits(0);
        let done = desk.run(format!("if command -v {shell} > /dev/null; then {shell} -n script; fi")).exits(0);
        assert_eq!(done.stderr, "");
    }
}

/// What bash does at the tab key after the last of `words`.
const TAB: &str = "#!/usr/bin/env bash
source ./script
COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))
_pullpush pullpush \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
printf '%s\\n' \"${COMPREPLY[@]}\"
";

#[test]
fn bash_completes_verbs_flags_and_words() {
    let desk = Desk::new().file("tab.sh", TAB);
    if desk.run("command -v bash").code != 0 {
        return;
    }
    desk.run("pullpush completions bash > script").exits(0);
    let typed = |words: &str| desk.run(format!("bash tab.sh {words}")).exits(0).stdout;
    assert_eq!(typed("pullpush repl"), "replay\n");
    assert_eq!(typed("pullpush run --vir"), "--virtual\n");
    assert_eq!(typed("pullpush check --format hu"), "human\n");
}

#[test]
fn the_page_of_the_program() {
    let done = Desk::new().run("pullpush man").exits(0);
    for verb in verbs() {
        assert!(done.stdout.contains(&format!("\npullpush\\-{verb}(1)\n")), "{verb}");
    }
    done.golden("man/pullpush");
}

#[test]
fn a_page_for_every_verb() {
    let desk = Desk::new();
    let pages = verbs().len() + 1;
    desk.run("pullpush man --out share/man1").exits(0).says(&format!("written: {pages} pages in share/man1\n"));
    assert_eq!(desk.read("share/man1/pullpush.1"), desk.run("pullpush man").stdout);
    for verb in verbs() {
        let page = desk.read(&format!("share/man1/pullpush-{verb}.1"));
        for flag in flags(&verb) {
            let flag = flag.replace('-', "\\-");
            assert!(page.contains(&format!("\\-\\-{flag}\\fR")), "{verb} {flag}");
        }
        assert!(page.contains(".SH EXAMPLE"), "{page}");
    }
    desk.run("cat share/man1/pullpush-explore.1").golden("man/explore");
}

#[test]
fn a_folder_that_cannot_be() {
    Desk::new().run("pullpush man --out vod.toml").exits(3).says("error: cannot write vod.toml: ");
}

#[test]
fn the_schemas() {
    let desk = Desk::new();
    let scenario = include_str!("../../../src/scenario/schema.json");
    for (of, text) in [
        ("", scenario),
        (" scenario", scenario),
        (" report", include_str!("../../../src/report/schema.json")),
        (" load", include_str!("../../../src/report/load.json")),
    ] {
        assert_eq!(desk.run(format!("pullpush schema{of}")).exits(0).stdout, text);
    }
}
