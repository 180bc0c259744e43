//! Valid scenarios made from random numbers, as TOML text. Whatever the numbers are, the text is valid.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use pullpush::callback::Kind;
use pullpush::callback::codes::CODES;
use pullpush::callback::payload::Profile;
use pullpush::scenario::service::Resume;
use pullpush::scenario::task::IncidentKind;

/// A scenario: what is left open by these numbers is a default.
#[derive(Debug, Clone)]
pub(super) struct Composed {
    pub(super) profile: usize,
    pub(super) signed: bool,
    /// `index_as` and `code_as`
    pub(super) as_strings: bool,
    pub(super) free: bool,
    pub(super) retries: Option<u32>,
    pub(super) faults: Option<Faults>,
    /// How lists resume after an interruption and after a pause; `exchange_finishes`, `backup_exits`.
    pub(super) service: (usize, usize, bool, bool),
    pub(super) tasks: Vec<Task>,
}

/// The chance of each fault, and what else it needs.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    pub(super) drop: f64,
    /// After how many ms, and whether as a new attempt.
    pub(super) duplicate: (f64, u64, bool),
    /// By at least, and how many ms more.
    pub(super) delay: (f64, u64, u64),
    pub(super) corrupt: f64,
    pub(super) signature: f64,
    pub(super) connection: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Task {
    /// 0 and 1: vod, 2: live, 3: picture, 4: steps
    pub(super) source: u8,
    pub(super) count: u64,
    pub(super) spacing_ms: u64,
    pub(super) start_ms: u64,
    /// How long each file plays, in ms.
    pub(super) files: Vec<u64>,
    pub(super) first_file: usize,
    pub(super) loops: i64,
    pub(super) end_ms: Option<u64>,
    pub(super) start_gap: Option<(u64, u64)>,
    pub(super) file_gap_ms: u64,
    /// Of the first file, in thousandths.
    pub(super) offset: Option<u64>,
    /// How long a backup and a slate play, in ms.
    pub(super) stand_ins: (Option<u64>, Option<u64>),
    pub(super) events: Vec<usize>,
    /// Whether `task_id`, `stream_id`, `to_url`, `callback_url` are given.
    pub(super) named: bool,
    pub(super) incidents: Vec<Incident>,
    pub(super) steps: Vec<(u8, u64, usize)>,
}

#[derive(Debug, Clone)]
pub(super) struct Incident {
    pub(super) kind: usize,
    /// 0: at, 1: in a file, 2: in a file at, 3: drawn
    pub(super) place: u8,
    /// Of the life or the file, in thousandths.
    pub(super) fraction: u64,
    pub(super) file: usize,
    pub(super) chance: Option<f64>,
    pub(super) lasts_ms: Option<u64>,
    pub(super) forever: bool,
    pub(super) retry_every_ms: Option<u64>,
    pub(super) exit_after_ms: Option<u64>,
    pub(super) exits: Vec<(usize, u32)>,
    pub(super) exit_first: bool,
    pub(super) retargeted: bool,
    /// Of a modified task: the new list's file in ms, whether it waits, the new loops, how much later the end is.
    pub(super) change: (Option<u64>, bool, Option<u8>, Option<u64>),
}

prop_compose! {
    pub(super) fn incident()(
        kind in 0..IncidentKind::ALL.len(),
        place in 0u8..4,
        fraction in 0u64..1000,
        file in 0usize..8,
        chance in of(0.0..=1.0),
        lasts_ms in of(0u64..120_000),
        forever in proptest::bool::weighted(0.1),
        retry_every_ms in of(2_000u64..60_000),
        exit_after_ms in of(0u64..20_000),
        exits in vec((0..CODES.len(), 1u32..5), 0..4),
        (exit_first, retargeted) in any::<(bool, bool)>(),
        change in (of(1u64..60_000), any::<bool>(), of(0u8..3), of(0u64..60_000)),
    ) -> Incident {
        Incident {
            kind, place, fraction, file, chance, lasts_ms, forever, retry_every_ms, exit_after_ms, exits, exit_first,
            retargeted, change,
        }
    }
}

prop_compose! {
    pub(super) fn task(incidents: usize)(
        (source, count, named) in (0u8..5, 1u64..4, any::<bool>()),
        spacing_ms in 0u64..5_000,
        start_ms in 0u64..10_000,
        files in vec(1u64..60_000, 1..5),
        first_file in 0usize..8,
        loops in -1i64..3,
        end_ms in weighted(0.3, 1u64..200_000),
        start_gap in of((1u64..2_000, 0u64..2_000)),
        file_gap_ms in prop_oneof![Just(0), 0u64..3_000],
        (offset, stand_ins) in (weighted(0.2, 0u64..1000), (weighted(0.2, 1u64..60_000), weighted(0.2, 1u64..60_000))),
        events in prop_oneof![3 => Just(Vec::new()), 1 => vec(0..Kind::ALL.len(), 0..4)],
        incidents in vec(incident(), 0..=incidents),
        steps in vec((0u8..3, 0u64..5_000, 0..Kind::ALL.len() + 1), 1..6),
    ) -> Task {
        let start_gap = start_gap.map(|(min, more)| (min, (min + more).min(2_000)));
        Task {
            source, count, spacing_ms, start_ms, files, first_file, loops, end_ms, start_gap, file_gap_ms, offset, stand_ins, events,
            named,
            incidents, steps,
        }
    }
}

prop_compose! {
    fn faults()(
        drop in 0.0..=0.3,
        duplicate in (0.0..=0.5, prop_oneof![Just(0), 0u64..20_000], any::<bool>()),
        delay in (0.0..=0.5, prop_oneof![Just(0), 0u64..5_000], prop_oneof![Just(0), 0u64..10_000]),
        (corrupt, signature, connection) in (0.0..=0.3, 0.0..=0.3, 0.0..=0.3),
    ) -> Faults {
        Faults { drop, duplicate, delay, corrupt, signature, connection }
    }
}

prop_compose! {
    pub(super) fn scenario(tasks: usize, incidents: usize)(
        profile in 0..Profile::ALL.len(),
        (signed, as_strings, free) in any::<(bool, bool, bool)>(),
        retries in of(0u32..3),
        faults in of(faults()),
        service in (0..Resume::ALL.len(), 0..Resume::ALL.len(), any::<bool>(), any::<bool>()),
        tasks in vec(task(incidents), 1..=tasks),
    ) -> Composed {
        Composed { profile, signed, as_strings, free, retries, faults, service, tasks }
    }
}

impl Composed {
    /// As a scenario file.
    pub(super) fn text(&self) -> String {
        let mut text = format!("version = 1\n[payload]\nprofile = \"{}\"\n", Profile::ALL[self.profile].0);
        if self.signed {
            text += "key = \"testkey\"\n";
        }
        if self.as_strings {
            text += "index_as = \"string\"\ncode_as = \"string\"\n";
        }
        text += "[receiver]\n";
        if self.free {
            text += "ordering = \"free\"\n";
        }
        if let Some(times) = self.retries {
            writeln!(text, "retry = {{ times = {times}, every = \"7s\" }}").unwrap();
        }
        if let Some(faults) = &self.faults {
            faults.write(self.signed, &mut text);
        }
        let (resume, after_pause, finishes, exits) = self.service;
        let word = |resume: usize| Resume::ALL[resume].0;
        writeln!(text, "[service]\nresume = \"{}\"\nresume_after_pause = \"{}\"", word(resume), word(after_pause))
            .unwrap();
        writeln!(text, "exchange_finishes = {finishes}\nbackup_exits = {exits}").unwrap();
        for (index, task) in self.tasks.iter().enumerate() {
            task.write(index, &mut text);
        }
        text
    }

    /// The same with another chance of one incident.
    pub(super) fn with_chance(&self, incident: usize, chance: f64) -> Self {
        let mut changed = self.clone();
        changed.tasks[0].incidents[incident].chance = Some(chance);
        changed
    }
}

impl Faults {
    fn write(&self, signed: bool, text: &mut String) {
        let Self { drop, duplicate: (twice, after, anew), delay: (late, by, more), corrupt, connection, .. } = self;
        let sends = if *anew { "new-attempt" } else { "same-bytes" };
        writeln!(text, "[faults]\ndrop = {drop:?}\ncorrupt = {{ chance = {corrupt:?} }}").unwrap();
        writeln!(text, "connection = {{ chance = {connection:?} }}").unwrap();
        writeln!(text, "duplicate = {{ chance = {twice:?}, after = \"{after}ms\", sends = \"{sends}\" }}").unwrap();
        writeln!(text, "delay = {{ chance = {late:?}, by = \"{by}ms..{}ms\" }}", by + more).unwrap();
        if signed {
            writeln!(text, "signature = {{ chance = {:?} }}", self.signature).unwrap();
        }
    }
}

impl Task {
    fn is_vod(&self) -> bool {
        self.source < 2
    }

    fn first_file(&self) -> usize {
        self.first_file % self.files.len()
    }

    /// `end`, where it is given or must be.
    pub(super) fn end(&self) -> Option<u64> {
        let endless = !self.is_vod() || self.loops < 0;
        self.end_ms.or(endless.then_some(90_000))
    }

    fn offset_ms(&self) -> u64 {
        part(self.files[self.first_file()], self.offset.unwrap_or(0))
    }

    /// How long the task runs for sure.
    fn life(&self) -> u64 {
        let round = |files: &[u64]| files.iter().map(|file| file + self.file_gap_ms).sum::<u64>();
        let listed = match self.is_vod().then_some(self.loops) {
            Some(plays @ 0..) => {
                let all =
                    round(&self.files[self.first_file()..]) + (plays.unsigned_abs().max(1) - 1) * round(&self.files);
                all - self.offset_ms()
            }
            _ => u64::MAX,
        };
        self.end().map_or(listed, |end| end.min(listed))
    }

    fn write(&self, index: usize, text: &mut String) {
        writeln!(text, "[[task]]\ncount = {}\nspacing = \"{}ms\"", self.count, self.spacing_ms).unwrap();
        writeln!(text, "start = \"{}ms\"", self.start_ms).unwrap();
        if self.named {
            writeln!(text, "task_id = \"1{index}0{{n}}\"\nstream_id = \"流{{n}}\"").unwrap();
            writeln!(text, "to_url = \"rtmp://a.test/{index}/{{n}}\"").unwrap();
            writeln!(text, "callback_url = \"http://127.0.0.1:8080/{{n}}\"").unwrap();
        }
        let files = self.files.iter().enumerate();
        let files = files.map(|(n, ms)| format!("{{ url = \"http://media.test/{n}?\\\"流\", duration = \"{ms}ms\" }}"));
        let files = files.collect::<Vec<_>>().join(", ");
        match self.source {
            4 => {
                writeln!(text, "files = [{files}]").unwrap();
                self.steps.iter().for_each(|step| write_step(*step, text));
                return;
            }
            2 => *text += "source = \"live\"\nurl = \"rtmp://origin.test/live/{n}\"\n",
            3 => *text += "source = \"picture\"\nurl = \"http://origin.test/{n}.png\"\n",
            _ => {
                writeln!(text, "source = \"vod\"\nfiles = [{files}]\nloops = {}", self.loops).unwrap();
                writeln!(text, "file_index = {}\nfile_gap = \"{}ms\"", self.first_file() + 1, self.file_gap_ms)
                    .unwrap();
                writeln!(text, "offset = \"{}ms\"", self.offset_ms()).unwrap();
                if let Some((min, max)) = self.start_gap {
                    writeln!(text, "start_gap = \"{min}ms..{max}ms\"").unwrap();
                }
            }
        }
        if let Some(ms) = self.stand_ins.0.filter(|_| self.source == 2) {
            writeln!(text, "backup = {{ source = \"vod\", url = \"http://b.test/b\", duration = \"{ms}ms\" }}")
                .unwrap();
        }
        if let Some(ms) = self.stand_ins.1 {
            writeln!(text, "slate = {{ url = \"http://b.test/s\", duration = \"{ms}ms\" }}").unwrap();
        }
        if let Some(end) = self.end() {
            writeln!(text, "end = \"{end}ms\"").unwrap();
        }
        let events: Vec<_> = self.events.iter().map(|kind| format!("\"{}\"", Kind::ALL[*kind].name())).collect();
        writeln!(text, "callback_events = [{}]", events.join(", ")).unwrap();
        self.incidents.iter().for_each(|incident| incident.write(self, text));
    }
}

fn write_step((when, pause, event): (u8, u64, usize), text: &mut String) {
    let event = Kind::ALL.get(event).map_or("SomethingNew", |kind| kind.name());
    let when = ["after", "after_answer", "after"][usize::from(when)];
    writeln!(text, "[[task.step]]\n{when} = \"{pause}ms\"\nevent = \"{event}\"").unwrap();
}

impl Incident {
    pub(super) fn kind(&self, task: &Task) -> IncidentKind {
        match IncidentKind::ALL[self.kind].1 {
            IncidentKind::FileFailed | IncidentKind::FileEndsEarly if !task.is_vod() => IncidentKind::SourceDown,
            kind => kind,
        }
    }

    fn write(&self, task: &Task, text: &mut String) {
        use IncidentKind::{
            Crash, Deleted, FileFailed, Migration, Modified, Paused, PushBroken, Restarted, SourceDown, Stopped,
        };
        let kind = self.kind(task);
        writeln!(text, "[[task.incident]]\nkind = \"{}\"", kind.name()).unwrap();
        self.write_place(task, text);
        let retargeted = kind == Modified && self.retargeted;
        let again = matches!(kind, PushBroken | SourceDown);
        match self.lasts_ms {
            _ if self.forever && (again || matches!(kind, Crash | Paused)) => *text += "lasts = \"forever\"\n",
            Some(ms) if again || retargeted || matches!(kind, Crash | Migration | Paused | Restarted) => {
                writeln!(text, "lasts = \"{ms}ms\"").unwrap();
            }
            _ => {}
        }
        if let Some(ms) = self.retry_every_ms.filter(|_| again || kind == FileFailed) {
            writeln!(text, "retry_every = \"{ms}ms\"").unwrap();
        }
        if let Some(ms) =
            self.exit_after_ms.filter(|_| again || retargeted || matches!(kind, FileFailed | Stopped | Deleted))
        {
            writeln!(text, "exit_after = \"{ms}ms\"").unwrap();
        }
        if retargeted {
            *text += "to_url = \"rtmp://b.test/live/{n}\"\n";
        }
        if matches!(kind, Migration | Restarted) {
            writeln!(text, "first = \"{}\"", if self.exit_first { "TaskExit" } else { "TaskStart" }).unwrap();
        }
        if kind == Modified {
            self.write_change(task, text);
        }
        let exits = self.exits.iter().map(|(code, weight)| format!("{{ exit = {}, weight = {weight} }}", exit(*code)));
        let exits: Vec<_> = exits.collect();
        if !exits.is_empty()
            && (again || retargeted || matches!(kind, FileFailed | Migration | Restarted | Stopped | Deleted | Paused))
        {
            writeln!(text, "exits = [{}]", exits.join(", ")).unwrap();
        }
    }

    fn write_change(&self, task: &Task, text: &mut String) {
        let (file_ms, waits, loops, _) = self.change;
        match file_ms {
            Some(ms) if task.is_vod() => {
                writeln!(text, "files = [{{ url = \"http://media.test/{{n}}/new\", duration = \"{ms}ms\" }}]").unwrap();
                writeln!(text, "when = \"{}\"", if waits { "after-file" } else { "now" }).unwrap();
            }
            Some(_) => *text += "url = \"rtmp://origin.test/live/new\"\n",
            None => {}
        }
        if let Some(loops) = loops.filter(|_| task.is_vod()) {
            writeln!(text, "loops = {loops}").unwrap();
        }
        if let Some(end) = self.end(task) {
            writeln!(text, "end = \"{end}ms\"").unwrap();
        }
    }

    /// `end` of a change.
    pub(super) fn end(&self, task: &Task) -> Option<u64> {
        self.change.3.map(|later| task.life() + 1 + later)
    }

    fn write_place(&self, task: &Task, text: &mut String) {
        let only_chance = self.place == 3;
        if only_chance || self.chance.is_some() {
            writeln!(text, "chance = {:?}", self.chance.unwrap_or(1.0)).unwrap();
        }
        match self.place {
            1 | 2 if task.is_vod() => {
                let first = if (0..=1).contains(&task.loops) { task.first_file() } else { 0 };
                let file = first + self.file % (task.files.len() - first);
                writeln!(text, "file = {}", file + 1).unwrap();
                if self.place == 2 {
                    writeln!(text, "at = \"{}ms\"", part(task.files[file], self.fraction)).unwrap();
                }
            }
            3 => {}
            _ => writeln!(text, "at = \"{}ms\"", part(task.life(), self.fraction)).unwrap(),
        }
    }
}

/// So many thousandths of `whole`: less than the whole.
fn part(whole: u64, thousandths: u64) -> u64 {
    u64::try_from(u128::from(whole) * u128::from(thousandths) / 1000).unwrap()
}

fn exit(code: usize) -> String {
    let code = CODES[code];
    match code.code % 3 {
        0 => format!("\"{}\"", code.name),
        1 | -1 => code.code.to_string(),
        _ => format!("{{ code = {}, message = \"\\\"流\\\"\" }}", code.code),
    }
}
