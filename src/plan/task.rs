//! One task: a `[[task]]` and the number of the copy.

use std::borrow::Cow;
use std::sync::Arc;

use crate::callback::body::Sender;
use crate::scenario::probe::About;
use crate::scenario::task::TaskSpec;
use crate::time::Millis;

/// Where a task relays to that has no target; its number follows. The host is that of the samples.
const DEFAULT_TARGET: &str = "rtmp://5000.livepush.myqcloud.com/live/stream-";

/// One relay task of the simulated service.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What it is a copy of.
    pub spec: Arc<TaskSpec>,
    /// Which copy, from 1.
    pub copy: u64,
    /// Its number among all tasks of the scenario, from 1.
    pub number: u64,
    /// Its id if the scenario gives none.
    pub default_id: u64,
    /// The number of its stream if the scenario gives no target: its own, but in plans about other tasks.
    pub default_stream: u64,
}

impl Task {
    /// The same task as users have changed it, if they have.
    #[must_use]
    pub fn changed(&self, spec: Option<Arc<TaskSpec>>) -> Self {
        Self { spec: spec.unwrap_or_else(|| Arc::clone(&self.spec)), ..*self }
    }

    /// `task_id`
    pub fn id(&self) -> Cow<'_, str> {
        match &self.spec.task_id {
            Some(id) => id.for_copy(self.copy),
            None => self.default_id.to_string().into(),
        }
    }

    /// When it starts; nothing of it is due before.
    pub fn start(&self) -> Millis {
        self.spec.start_of(self.copy)
    }

    /// Where its callbacks go by its own `callback_url`, if it has one.
    pub fn callback_url(&self) -> Option<Cow<'_, str>> {
        self.spec.callback_url.as_ref().map(|url| url.for_copy(self.copy))
    }

    /// How bodies name this task.
    ///
    /// `address` is where its callbacks go if it has no `callback_url`; `file` is the place of the file a callback is about.
    pub fn sender<'a>(&'a self, address: &'a str, file: Option<usize>) -> Sender<'a> {
        let to_url = match &self.spec.to_url {
            Some(url) => url.for_copy(self.copy),
            None => format!("{DEFAULT_TARGET}{}", self.default_stream).into(),
        };
        let stream_id = match &self.spec.stream_id {
            Some(id) => id.for_copy(self.copy),
            None => last_path_part(&to_url).to_owned().into(),
        };
        Sender {
            copy: self.copy,
            app_id: self.spec.app_id,
            task_id: self.id(),
            stream_id,
            to_url,
            callback_url: self.callback_url().unwrap_or(Cow::Borrowed(address)),
            source_urls: self.spec.files.iter().map(|file| file.url.for_copy(self.copy)).collect(),
            file_duration_s: file.and_then(|index| self.spec.files.get(index)).map_or(0, |file| file.duration.0 / 1000),
        }
    }

    /// The task as a probe asks about it.
    pub fn about(&self) -> About {
        let sender = self.sender("", None);
        About {
            task: self.number,
            copy: self.copy,
            task_id: sender.task_id.into_owned(),
            stream_id: sender.stream_id.into_owned(),
        }
    }
}

/// `stream_id` is the last part of the target's path (a guess: so it is in the samples).
fn last_path_part(url: &str) -> &str {
    // Bytes, since this is done for every callback of a load; what is looked for is ASCII.
    let end = url.bytes().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(url.len());
    let path = url[..end].trim_end_matches('/');
    &path[path.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_its_target() {
        assert_eq!(last_path_part("rtmp://5000.livepush.myqcloud.com/live/testvod"), "testvod");
        assert_eq!(last_path_part("rtmp://x.test/live/a?txSecret=b/c"), "a");
        assert_eq!(last_path_part("rtmp://x.test/live/a/"), "a");
    }
}
