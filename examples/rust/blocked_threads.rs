//! What a port does when its threads block: measured, and drawn.
//!
//! Eight threads wait at a port that lets one run. Their handlers sleep where
//! the library cannot know of it, or compute. Prints how soon the next thread
//! was let in, and with a file name for argument draws threads against time.

use libiocp::{BlockDetection, CompletionPort};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

const THREADS: usize = 8;

/// What a handler does with its packet.
#[derive(Clone, Copy)]
enum Handler {
    Sleeps(Duration),
    Computes(Duration),
    /// Computes for a while, and then sleeps.
    Both(Duration, Duration),
}

/// When a thread had its packet, and when it slept or not: in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    begin: f64,
    sleeps: f64,
    end: f64,
}

fn compute(time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// One packet for each thread; the spans in the order of their beginnings.
fn run(detection: BlockDetection, handler: Handler) -> io::Result<Vec<Span>> {
    let port = CompletionPort::new(1)?;
    port.set_block_detection(detection)?;
    let spans = Mutex::new(Vec::new());
    let all = Barrier::new(THREADS + 1);
    let zero = Instant::now();
    let now = || zero.elapsed().as_secs_f64() * 1e3;
    let start = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                port.get(None).unwrap();
                let mut span = Span { begin: now(), sleeps: now(), end: 0.0 };
                match handler {
                    Handler::Sleeps(time) => thread::sleep(time),
                    Handler::Computes(time) => {
                        compute(time);
                        span.sleeps = now();
                    }
                    Handler::Both(computes, sleeps) => {
                        compute(computes);
                        span.sleeps = now();
                        thread::sleep(sleeps);
                    }
                }
                span.end = now();
                spans.lock().unwrap().push(span);
                // Nobody asks again before all have been at it.
                libiocp::blocking(|| all.wait());
            });
        }
        while port.waiting() < THREADS {
            thread::sleep(Duration::from_millis(1));
        }
        let start = now();
        (0..THREADS).try_for_each(|key| port.post(key, 0)).unwrap();
        all.wait();
        start
    });
    let mut spans = spans.into_inner().unwrap();
    for span in &mut spans {
        for time in [&mut span.begin, &mut span.sleeps, &mut span.end] {
            *time -= start;
        }
    }
    spans.sort_by(|one, other| one.begin.total_cmp(&other.begin));
    Ok(spans)
}

/// Middle and largest value.
fn summary(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[values.len() - 1])
}

/// From the beginning of a sleep until the next thread has its packet.
fn gaps(spans: &[Span]) -> impl Iterator<Item = f64> {
    spans.windows(2).map(|pair| pair[1].begin - pair[0].sleeps)
}

/// The CPU time that the library's watching thread has taken, in milliseconds.
fn watcher_time() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let time = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let is_watcher = name.trim() == "iocp-watch";
        let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        is_watcher.then(|| stat.split(' ').next()?.parse::<f64>().ok()).flatten()
    };
    tasks.filter_map(time).sum::<f64>() / 1e6
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

fn measure(name: &str, detection: BlockDetection) -> io::Result<()> {
    let sleep = Duration::from_millis(100);
    let at_once: Vec<_> =
        (0..15).map(|_| run(detection, Handler::Sleeps(sleep))).collect::<Result<_, _>>()?;
    let later = Handler::Both(Duration::from_millis(5), sleep);
    let later: Vec<_> = (0..15).map(|_| run(detection, later)).collect::<Result<_, _>>()?;
    let (all, all_worst) = summary(at_once.iter().map(|spans| spans[THREADS - 1].begin));
    let (gap, gap_worst) = summary(at_once.iter().flat_map(|spans| gaps(spans)));
    let (late, late_worst) = summary(later.iter().flat_map(|spans| gaps(spans)));
    let before = (watcher_time(), Instant::now());
    run(detection, Handler::Computes(Duration::from_millis(250)))?;
    let watched = 100.0 * (watcher_time() - before.0) / (before.1.elapsed().as_secs_f64() * 1e3);
    say(&format!(
        "| {name} | {all:.2} (at most {all_worst:.2}) | {:.0} (at most {:.0}) | \
         {:.0} (at most {:.0}) | {watched:.2} % |",
        gap * 1e3,
        gap_worst * 1e3,
        late * 1e3,
        late_worst * 1e3,
    ))
}

const LEFT: f64 = 60.0;
const WIDTH: f64 = 640.0;
const ROW: f64 = 14.0;

/// One run: a row for each thread, time to the right.
fn draw(svg: &mut String, top: f64, title: &str, spans: &[Span]) -> f64 {
    let until = spans.iter().map(|span| span.end).fold(0.0, f64::max) * 1.02;
    let x = |time: f64| LEFT + WIDTH * time.max(0.0) / until;
    let bottom = top + 24.0 + ROW * THREADS as f64;
    let _ = writeln!(svg, r#"<text x="{LEFT}" y="{}" class="title">{title}</text>"#, top + 12.0);
    let step = [5.0, 10.0, 20.0, 50.0, 100.0, 200.0].into_iter().find(|it| until / it < 9.0);
    let step = step.unwrap_or(500.0);
    for tick in 0..=(until / step) as usize {
        let (time, at) = (tick as f64 * step, x(tick as f64 * step));
        let _ = writeln!(
            svg,
            "<path class=\"tick\" d=\"M{at:.1} {:.1}V{bottom:.1}\"/>\n\
             <text x=\"{at:.1}\" y=\"{:.1}\" class=\"time\">{time} ms</text>",
            top + 20.0,
            bottom + 12.0
        );
    }
    for (row, span) in spans.iter().enumerate() {
        let y = top + 24.0 + ROW * row as f64;
        let _ = writeln!(svg, r#"<text x="4" y="{:.1}">thread {}</text>"#, y + 9.0, row + 1);
        for (class, from, to) in
            [("runs", span.begin, span.sleeps), ("sleeps", span.sleeps, span.end)]
        {
            let width = (x(to) - x(from)).max(0.8);
            let _ = writeln!(
                svg,
                r#"<rect class="{class}" x="{:.1}" y="{y:.1}" width="{width:.1}" height="10"/>"#,
                x(from)
            );
        }
    }
    bottom + 28.0
}

fn picture() -> io::Result<String> {
    let sleeps = Handler::Sleeps(Duration::from_millis(100));
    let both = Handler::Both(Duration::from_millis(10), Duration::from_millis(50));
    let computes = Handler::Computes(Duration::from_millis(20));
    let panels = [
        ("handlers sleep, seen by perf", BlockDetection::Perf, sleeps),
        ("handlers sleep, seen in /proc", BlockDetection::Proc, sleeps),
        ("handlers sleep, seeing switched off", BlockDetection::Off, sleeps),
        ("handlers compute for 10 ms and then sleep, seen by perf", BlockDetection::Perf, both),
        ("handlers compute, seen by perf", BlockDetection::Perf, computes),
    ];
    let (mut body, mut top) = (String::new(), 8.0);
    for (title, detection, handler) in panels {
        match run(detection, handler) {
            Ok(spans) => top = draw(&mut body, top, title, &spans),
            Err(error) => eprintln!("{title}: {error}"),
        }
    }
    let width = LEFT + WIDTH + 40.0;
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}"
width="{width}" height="{top}">
<style>
text {{ font: 10px sans-serif; fill: #333 }}
.title {{ font-size: 12px; font-weight: bold }}
.time {{ text-anchor: middle; fill: #777 }}
.tick {{ stroke: #ddd }}
.runs {{ fill: #c0392b }}
.sleeps {{ fill: #9bbfe0 }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
{body}</svg>
"##
    ))
}

fn main() -> io::Result<()> {
    if let Some(path) = env::args_os().nth(1) {
        return fs::write(path, picture()?);
    }
    say(
        "| way | all eight handled, ms | next let in after a sleep began, us | the same after 5 ms \
         of computing, us | watcher's CPU |\n|---|---|---|---|---|",
    )?;
    for (name, detection) in [("perf", BlockDetection::Perf), ("proc", BlockDetection::Proc)] {
        if let Err(error) = measure(name, detection) {
            say(&format!("| {name} | {error} | | | |"))?;
        }
    }
    Ok(())
}
