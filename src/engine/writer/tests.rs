//! What a slow reader, none, and a terminal get of a writer.

use std::sync::mpsc::{Receiver, channel};

use super::*;

/// A reader that takes one write for each word, and keeps it.
struct Reader(Receiver<()>, Arc<Mutex<Vec<u8>>>);

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        self.1.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_for_people_are_left_out_and_counted_while_nobody_reads() {
    let (reads, reader) = channel();
    let read = Arc::default();
    let writer = Writer::new(Reader(reader, Arc::clone(&read)));
    writer.push(&".".repeat(FULL));
    assert!(writer.is_full());
    (0..3).for_each(|_| writer.offer("log\n"));
    // What may not be missing is there all the same, behind what tells of the gap.
    writer.push("end\n");
    drop(reads);
    writer.finish();
    assert!(!writer.is_full());
    let read = String::from_utf8(read.lock().unwrap().clone()).unwrap();
    assert_eq!(read.trim_start_matches('.'), "… 3 lines left out: nobody read them in time\nend\n");
}

#[test]
fn a_status_stands_below_what_is_written() {
    let (reads, reader) = channel();
    let read = Arc::default();
    let writer = Writer::new(Reader(reader, Arc::clone(&read)));
    drop(reads);
    writer.show("1 of 2\n50 %".to_owned());
    writer.finish();
    writer.push("line\n");
    writer.finish();
    writer.show(String::new());
    writer.finish();
    let read = String::from_utf8(read.lock().unwrap().clone()).unwrap();
    let (status, erased) = ("1 of 2\n50 %", "\r\u{1b}[2K\u{1b}[A\u{1b}[2K");
    assert_eq!(read, format!("{status}{erased}line\n{status}{erased}"));
}

#[test]
fn a_writer_that_fails_keeps_nobody_waiting() {
    let writer = Writer::new(io::Cursor::new([0_u8; 0]));
    writer.push(&".".repeat(2 * FULL));
    writer.finish();
    assert_eq!(writer.failure().map(|(kind, _)| kind), Some(ErrorKind::WriteZero));
    assert!(writer.is_closed() && !writer.is_full());
}
