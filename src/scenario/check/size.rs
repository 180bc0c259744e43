//! What would not fit into memory: the number that is too large, and which part of the file makes it so.

use std::ops::Range;

use crate::scenario::extent::{Extent, MAX_ALIVE, MAX_LATE, MAX_LONG, SHORT, number};
use crate::scenario::load::{LoadSpec, Unit};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::section::Section;
use crate::scenario::task::TaskSpec;
use crate::time::Millis;

/// What the tasks come to, one by one.
#[derive(Default)]
pub(super) struct Sizes(Vec<Size>);

struct Size {
    extent: Extent,
    /// What there is too much of, if it is tasks, and if it is callbacks that wait.
    tasks_at: Range<usize>,
    late_at: Option<Range<usize>>,
}

impl Sizes {
    /// Takes in a `[[task]]`.
    pub(super) fn add(&mut self, spec: &TaskSpec, tasks_at: Range<usize>, late_at: Option<Range<usize>>) {
        self.0.push(Size { extent: Extent::of(spec), tasks_at, late_at });
    }

    /// Notes what is too much at once. `faults_at` is where faults of all tasks stand.
    pub(super) fn report(&self, faults_at: Option<Range<usize>>, problems: &Problems) {
        let (alive, at) = self.most(|extent| extent.alive);
        if let Some(size) = at.filter(|_| alive > MAX_ALIVE as f64) {
            let lives = Millis(size.extent.life as u64);
            problems.add(
                Problem::error(size.tasks_at.clone(), format!("{} tasks would be alive at once", number(alive)))
                    .label(format!("at most {MAX_ALIVE} fit into memory"))
                    .help(format!("each of these lives for {lives}: fewer copies, more `spacing`, or a shorter life")),
            );
        }
        let (long, at) = self.most(|extent| extent.long);
        if let Some(size) = at.filter(|_| long > MAX_LONG as f64 && alive <= MAX_ALIVE as f64) {
            let what = format!("{} tasks with more than {SHORT} callbacks each would be alive at once", number(long));
            problems.add(
                Problem::error(size.tasks_at.clone(), what)
                    .label(format!("at most {MAX_LONG} fit into memory"))
                    .help("fewer copies, more `spacing`, a shorter life, or fewer callbacks in it"),
            );
        }
        let (late, at) = self.most(|extent| extent.late);
        if let Some(size) = at.filter(|_| late > MAX_LATE as f64) {
            let what = format!("{} callbacks would wait for their delay or duplicate at once", number(late));
            let place = size.late_at.clone().or(faults_at).unwrap_or_else(|| size.tasks_at.clone());
            problems.add(
                Problem::error(place, what)
                    .label(format!("at most {MAX_LATE} fit into memory"))
                    .help("a smaller chance, a shorter `by` or `after`, or fewer callbacks in that time"),
            );
        }
    }

    /// The same of a load, which has tasks without end. Whole tasks go as fast as `load --speed` says, which decides there.
    pub(super) fn report_load(&self, load: &LoadSpec, table: &Section<'_>) {
        let tasks = if load.unit == Unit::Callback { load.tasks as f64 } else { 0.0 };
        let late = tasks * self.0.iter().fold(0.0, |most: f64, size| most.max(size.extent.late_of_one));
        let (what, most, help) = if tasks > MAX_LONG as f64 {
            (format!("{} tasks of this load would be alive at once", number(tasks)), MAX_LONG, "fewer `tasks`")
        } else if late > MAX_LATE as f64 {
            let what =
                format!("{} callbacks of this load would wait for their delay or duplicate at once", number(late));
            (what, MAX_LATE, "fewer `tasks`, a smaller chance, or a shorter `by` or `after`")
        } else {
            return;
        };
        let at = table.key_span("tasks").unwrap_or_else(|| table.span.clone());
        table.add(Problem::error(at, what).label(format!("at most {most} fit into memory")).help(help));
    }

    /// The largest sum over tasks that are there at the same time, and which has the most of it.
    fn most(&self, of: impl Fn(&Extent) -> f64) -> (f64, Option<&Size>) {
        let mut turns: Vec<(f64, bool, f64, usize)> = Vec::new();
        for (index, Size { extent, .. }) in self.0.iter().enumerate().filter(|(_, size)| of(&size.extent) > 0.0) {
            turns.push((extent.from, true, of(extent), index));
            turns.push((extent.until, false, -of(extent), index));
        }
        // What ends when something else begins is still there.
        turns.sort_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
        let (mut sum, mut most) = (0.0, 0.0);
        for (_, _, amount, _) in &turns {
            sum += amount;
            most = f64::max(most, sum);
        }
        let largest = self.0.iter().max_by(|one, other| of(&one.extent).total_cmp(&of(&other.extent)));
        (most, largest)
    }
}
