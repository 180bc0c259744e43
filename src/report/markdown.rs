//! A page in Markdown for the summary of a CI job. Whatever a text holds, it is shown, and does nothing.

use std::fmt::Write;

use crate::text::{escaped_lines, without_passwords_of_urls};

/// The longest page, in bytes: GitHub takes a mebibyte of a step, which may have others' pages too.
const MAX_PAGE: usize = 256 * 1024;

/// A page that is written from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    text: String,
    is_full: bool,
}

impl Page {
    /// A page with a heading.
    pub fn new(heading: &str) -> Self {
        Self { text: format!("### {}\n\n", inline(heading)), is_full: false }
    }

    /// A table; columns after the first `words` are numbers.
    pub fn table(&mut self, head: &[&str], words: usize, rows: impl IntoIterator<Item = Vec<String>>) {
        let mut text = row(head.iter().copied());
        let rule = (0..head.len()).map(|column| if column < words { "---" } else { "---:" });
        let _ = writeln!(text, "|{}|", rule.collect::<Vec<_>>().join("|"));
        self.push(&text);
        for cells in rows {
            self.push(&row(cells.iter().map(|cell| inline(cell)).collect::<Vec<_>>().iter().map(String::as_str)));
        }
        self.push("\n");
    }

    /// A heading of a part.
    pub fn part(&mut self, heading: &str) {
        self.push(&format!("**{}**\n\n", inline(heading)));
    }

    /// Lines as they are, but for their colours.
    pub fn lines(&mut self, text: &str) {
        let text = anstream::adapter::strip_str(text).to_string();
        let mut fence = "```".to_owned();
        while text.contains(&fence) {
            fence.push('`');
        }
        self.push(&format!("{fence}text\n{}\n{fence}\n\n", text.trim_matches('\n')));
    }

    /// The page.
    pub fn finish(mut self) -> String {
        if self.is_full {
            self.text.push_str("\nThe log of this step tells the rest.\n\n");
        }
        escaped_lines(&without_passwords_of_urls(&self.text)).into_owned()
    }

    fn push(&mut self, text: &str) {
        self.is_full |= self.text.len() + text.len() > MAX_PAGE;
        if !self.is_full {
            self.text.push_str(text);
        }
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// A text inside a line: no mark-up, no tag.
fn inline(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => shown.push(' '),
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            _ if r"\`*_{}[]()#+!|>~@".contains(letter) => shown.extend(['\\', letter]),
            _ => shown.push(letter),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_does_nothing() {
        let mut page = Page::new("a <b> `c`");
        page.table(&["name", "n"], 1, [vec!["x|y\n*z*".to_owned(), "1".to_owned()]]);
        page.part("[a](b)");
        page.lines("```\n<script>\n````\n");
        assert_eq!(
            page.finish(),
            "### a &lt;b\\> \\`c\\`\n\n| name | n |\n|---|---:|\n| x\\|y \\*z\\* | 1 |\n\n**\\[a\\]\\(b\\)**\n\n\
             `````text\n```\n<script>\n````\n`````\n\n"
        );
    }

    #[test]
    fn a_page_has_an_end() {
        let mut page = Page::new("a");
        page.table(&["name"], 1, (0..100_000).map(|number| vec![format!("name {number}")]));
        let text = page.finish();
        assert!(text.len() < MAX_PAGE + 100 && text.ends_with("\n\nThe log of this step tells the rest.\n\n"));
    }
}
