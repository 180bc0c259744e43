//! `explore --shrink`: the smallest part of a run's faults and incidents that still fails.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::connect::destinations;
use super::github;
use super::kind::Kind;
use super::loaded::Loaded;
use super::output::{Output, annotate, note};
use super::progress::Meter;
use super::saved::{cannot, save};
use super::trial::TrialRunner;
use crate::cli::args::ExploreArgs;
use crate::engine::judge::Complaint;
use crate::engine::stop::Stop;
use crate::exit_code::{Exit, Failure};
use crate::plan::Plan;
use crate::plan::cause::{Cause, Kept};
use crate::report::markdown::Page;
use crate::report::style::{BAD, DIM, GOOD};
use crate::report::summary::plural;
use crate::study::explore::ddmin::ddmin;
use crate::study::explore::script::script;

/// The most callbacks of a run that is shrunk: it is played many times.
const MAX_DELIVERIES: usize = 1_000_000;
/// The most incidents and faults of a run that is shrunk.
const MAX_CAUSES: usize = 100_000;

/// The runs of one search.
struct Search<'a> {
    loaded: &'a Loaded,
    trials: &'a TrialRunner<'a>,
    stop: &'a Stop,
    meter: Option<Meter>,
    max_runs: u64,
    runs: u64,
    /// What counts as the same failure.
    wanted: Option<Kind>,
    /// The last failure of that kind, and the number of its run: that of the smallest part.
    last: Option<(Complaint, u64)>,
    failure: Option<Failure>,
}

/// Shrinks.
///
/// # Errors
/// [`Failure`] if nothing could be tried, or nothing written.
pub(super) async fn shrink(
    args: &ExploreArgs,
    loaded: &Loaded,
    trials: &TrialRunner<'_>,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let path = path(args);
    let whole = whole(loaded)?;
    let output = Output::for_people();
    output.say(&legend(loaded, &whole))?;
    let meter = Some(Meter::new());
    let max_runs = args.max_runs;
    let mut search = Search { loaded, trials, stop, meter, max_runs, runs: 0, wanted: None, last: None, failure: None };
    let Some(first) = search.first_failure(&whole).await? else {
        output.push(&match stop.is_requested() {
            true => "stopped before it had been played once\n".to_owned(),
            false => format!("{GOOD}it does not fail{GOOD:#}: nothing to shrink\n"),
        });
        output.finish()?;
        return Ok(Exit::Success);
    };
    output.say(&format!("{BAD}fails{BAD:#}  {first}\n"))?;
    let kept = search.smallest(whole, &first).await;
    let again = search.fails(&kept).await;
    search.meter = None;
    let cut = stop.is_requested() || search.failure.is_some() || search.runs >= args.max_runs;
    let text = describe(&loaded.plan, &kept, search.runs, cut);
    output.push(&text);
    output.finish()?;
    tell_github(loaded, &first.to_string(), &text);
    if again == Some(false) {
        note(
            "it does not fail again: either it fails at random, or the receiver remembers earlier runs; \
             --reset-cmd or --reset-url make it forget",
        );
    }
    let (left, run) = search.last.unwrap_or((first, 0));
    write(&path, args, trials, kept, &left, run)?;
    search.failure.map_or(Ok(Exit::ReceiverFailed), Err)
}

/// What was found, in a step of GitHub Actions.
fn tell_github(loaded: &Loaded, failure: &str, text: &str) {
    let text = anstream::adapter::strip_str(text).to_string();
    annotate(vec![github::error_in(loaded, "fails", format!("{failure}\n{text}"))], 0);
    let mut page = Page::new("pullpush explore --shrink");
    page.lines(&format!("{}\nfails  {failure}\n{text}", loaded.name));
    github::summarise(page);
}

/// All tasks, incidents and faults.
fn whole(loaded: &Loaded) -> Result<Kept, Failure> {
    let plan = &loaded.plan;
    let too_many =
        |what| Failure::usage(format!("more than {what}; choose fewer tasks, with --only or --set task.1.count=20"));
    if plan.count(MAX_DELIVERIES + 1) > MAX_DELIVERIES {
        return Err(too_many(format!("{MAX_DELIVERIES} callbacks")));
    }
    let causes: BTreeSet<_> = plan.causes().take(MAX_CAUSES + 1).collect();
    if causes.len() > MAX_CAUSES {
        return Err(too_many(format!("{MAX_CAUSES} incidents and faults")));
    }
    let tasks: BTreeSet<_> = plan.tasks().map(|task| task.number).take(MAX_DELIVERIES + 1).collect();
    if tasks.len() > MAX_DELIVERIES {
        return Err(too_many(format!("{MAX_DELIVERIES} tasks")));
    }
    Ok(Kept { tasks, causes })
}

fn legend(loaded: &Loaded, whole: &Kept) -> String {
    format!(
        "{DIM}{}  seed {}  {}{DIM:#}\n{}, incidents and faults: {}\n",
        loaded.name,
        loaded.plan.seed(),
        destinations(loaded),
        plural(whole.tasks.len() as u64, "task"),
        whole.causes.len(),
    )
}

/// Where the smallest failure is written to.
pub(super) fn path(args: &ExploreArgs) -> PathBuf {
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
    args.save.clone().unwrap_or_else(|| format!("{stem}-shrunk.toml").into())
}

fn describe(plan: &Plan, kept: &Kept, runs: u64, cut: bool) -> String {
    let runs = plural(runs, "run");
    let word = if cut { "so far" } else { "smallest cause" };
    let mut text = format!("{word}, after {runs}:\n");
    for cause in &kept.causes {
        text.push_str(&format!("  {}\n", plan.describe(*cause)));
    }
    if kept.causes.is_empty() {
        text.push_str("  none: it fails without any incident and fault\n");
    }
    text
}

/// Writes what is left: `failure` is the one of its own, of run `run`.
fn write(
    path: &Path,
    args: &ExploreArgs,
    trials: &TrialRunner<'_>,
    kept: Kept,
    failure: &Complaint,
    run: u64,
) -> Result<(), Failure> {
    let loaded = trials.loaded;
    let played = trials.numbered(&loaded.plan, run);
    let causes = kept.causes.iter().map(|cause| format!("  {}", played.describe(*cause)));
    let remarks: Vec<_> = ["Found by pullpush: the smallest cause of a failure.".to_owned(), failure.to_string()]
        .into_iter()
        .chain(causes)
        .collect();
    let plan = loaded.plan.clone().keeping(kept);
    let script = script(&plan, trials.forgets()).map_err(|error| cannot(path, error))?;
    save(path, args, loaded, &script, &remarks)
}

impl Search<'_> {
    /// The first failure of the whole.
    async fn first_failure(&mut self, whole: &Kept) -> Result<Option<Complaint>, Failure> {
        let trial = self.trials.play(&self.loaded.plan.clone().keeping(whole.clone()), self.runs).await?;
        self.runs += 1;
        let first = trial.complaints.into_iter().next();
        self.wanted = first.as_ref().map(Kind::of);
        Ok(first)
    }

    /// Tasks first, because each takes its causes along; then the causes of those that are left.
    async fn smallest(&mut self, whole: Kept, first: &Complaint) -> Kept {
        let mut kept = whole;
        if let Some((task, _)) = first.about.task() {
            let alone = only([task], &kept);
            if self.fails(&alone).await == Some(true) {
                kept = alone;
            }
        }
        if kept.tasks.len() > 1 {
            let tasks: Vec<u64> = kept.tasks.iter().copied().collect();
            let all = kept.clone();
            let left = ddmin(tasks, async |some: &[u64]| self.fails(&only(some.iter().copied(), &all)).await).await;
            // Something has to be played, even where it fails without any task.
            let left = if left.is_empty() { all.tasks.iter().copied().take(1).collect() } else { left };
            kept = only(left, &all);
        }
        let causes: Vec<Cause> = kept.causes.iter().copied().collect();
        let tasks = kept.tasks.clone();
        let with = |some: &[Cause]| Kept { tasks: tasks.clone(), causes: some.iter().copied().collect() };
        let left = ddmin(causes, async |some: &[Cause]| self.fails(&with(some)).await).await;
        with(&left)
    }

    /// Whether it still fails in the same way; `None` when there are to be no more runs.
    async fn fails(&mut self, kept: &Kept) -> Option<bool> {
        if self.runs >= self.max_runs || self.stop.is_requested() || self.failure.is_some() {
            return None;
        }
        let heard = self.trials.play(&self.loaded.plan.clone().keeping(kept.clone()), self.runs).await;
        self.runs += 1;
        if let Some(meter) = &self.meter {
            meter.show(&format!("{} runs, {} incidents and faults left", self.runs, kept.causes.len()));
        }
        match heard {
            Ok(_) if self.stop.is_requested() => None,
            Ok(trial) => {
                let same = |complaint: &Complaint| Some(Kind::of(complaint)) == self.wanted;
                let found = trial.complaints.into_iter().find(same);
                let fails = found.is_some();
                self.last = found.map(|complaint| (complaint, self.runs - 1)).or(self.last.take());
                Some(fails)
            }
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }
}

fn only(tasks: impl IntoIterator<Item = u64>, all: &Kept) -> Kept {
    let tasks: BTreeSet<u64> = tasks.into_iter().collect();
    let causes = all.causes.iter().copied().filter(|cause| tasks.contains(&cause.task())).collect();
    Kept { tasks, causes }
}
