//! Where the tables of a scenario begin, for whoever points at them afterwards: a valid scenario knows no lines any more.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::source::Source;

/// Line and column, both from 1.
pub type Place = (usize, usize);

/// The places of a file's tables, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Each `[[task]]`, and its `[[task.step]]`s.
    pub tasks: Vec<(Place, Vec<Place>)>,
    /// Each `[[probe]]`.
    pub probes: Vec<Place>,
    /// `[load]`
    pub load: Option<Place>,
}

impl Source {
    /// Where the tables of this file begin. What was set from outside is in no file.
    pub fn places(&self) -> Places {
        let (root, _) = DeTable::parse_recoverable(self.text());
        let root = root.get_ref();
        let place = |span: Range<usize>| self.locate(span).line_and_column();
        let places =
            |items: Vec<(Range<usize>, &DeTable<'_>)>| items.into_iter().map(|(span, _)| place(span)).collect();
        let tasks = tables(root, "task").into_iter();
        Places {
            tasks: tasks.map(|(span, task)| (place(span), places(tables(task, "step")))).collect(),
            probes: places(tables(root, "probe")),
            load: root.get("load").map(|load| place(load.span())),
        }
    }
}

/// The tables in the array that `key` names.
fn tables<'a>(table: &'a DeTable<'a>, key: &str) -> Vec<(Range<usize>, &'a DeTable<'a>)> {
    let items = table.get(key).and_then(|value| value.get_ref().as_array()).map(|items| items.iter());
    let table = |value: &'a toml::Spanned<DeValue<'a>>| Some((value.span(), value.get_ref().as_table()?));
    items.into_iter().flatten().filter_map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_however_they_are_written() {
        let text = "version = 1\n[[task]]\n[[task.step]]\nevent = 'a'\n  [[task.step]]\n[[task]]\nstep = [{ }, { }]\n\
                    [load]\nrate = 1\n[[probe]]\n";
        let places = Source::new("a.toml", text).with_overrides(&["task.1.count=2".to_owned()]).places();
        assert_eq!(places.tasks, [((2, 1), vec![(3, 1), (5, 3)]), ((6, 1), vec![(7, 9), (7, 14)])]);
        assert_eq!((places.probes, places.load), (vec![(10, 1)], Some((8, 1))));
        assert_eq!(Source::new("a.toml", "task = 1\nload.rate = 1\nx").places().load, Some((2, 1)));
    }
}
