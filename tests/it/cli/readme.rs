//! What the README shows is what the program says.

use super::Desk;

const README: &str = include_str!("../../../README.md");

/// A fenced block: its language, its text, and the name of a file in a comment above it.
struct Block {
    language: &'static str,
    text: String,
    file: Option<&'static str>,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = "";
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            let file = above.strip_prefix("<!-- ").and_then(|comment| comment.strip_suffix(" -->"));
            blocks.push(Block { language, text, file });
        }
        above = line;
    }
    blocks
}

/// A folder with all files of the README, and the scenarios of the project.
fn desk() -> Desk {
    let shipped = |desk: Desk, name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
        desk.file(&format!("scenarios/{name}"), std::fs::read(path).unwrap())
    };
    let desk = Desk::new().env("CALLBACK_KEY", "testkey").file("raw.json", "{}");
    desk.run("mkdir scenarios").exits(0);
    let desk = ["playlist.toml"].into_iter().fold(desk, shipped);
    blocks().into_iter().fold(desk, |desk, block| match block.file {
        Some(name) => desk.file(name, block.text),
        None => desk,
    })
}

#[test]
fn its_scenarios_are_valid() {
    let mut checked = 0;
    for (index, block) in blocks().into_iter().enumerate().filter(|(_, block)| block.language == "toml") {
        let name = block.file.map_or_else(|| format!("block-{index}.toml"), str::to_owned);
        if name == "typo.toml" {
            continue;
        }
        desk().file(&name, &block.text).run(format!("pullpush check {name}")).exits(0);
        checked += 1;
    }
    assert!(checked >= 2, "{checked}");
}

/// Commands that need somebody's receiver, or tell of the time, are only shown.
#[test]
fn its_output_is_the_programs() {
    let mut compared = 0;
    for block in blocks().into_iter().filter(|block| block.language == "console") {
        let (command, shown) = block.text.split_once('\n').unwrap();
        let command = command.strip_prefix("$ ").unwrap();
        if command.contains("--to") || command.contains("sink") {
            continue;
        }
        let done = desk().run(command);
        assert_eq!((done.stderr + &done.stdout).trim_end(), shown.trim_end(), "{command}");
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}
