//! Progress bars for what the parts below report. Hidden where nobody looks, by the printer's choice.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Printer;
use crate::artifact::{Reporter, Task};

const KNOWN: &str =
    "{prefix:>16.bold} {bar:24.cyan} {bytes:>10} of {total_bytes:<10} {bytes_per_sec:.dim}";
const UNKNOWN: &str = "{prefix:>16.bold} {spinner:.cyan} {bytes:>10} {bytes_per_sec:.dim}";

/// One bar; gone when the work is.
struct Bar(ProgressBar);

impl Reporter for Printer {
    fn start(&self, what: &str, total: u64) -> Box<dyn Task> {
        let (length, template) = if total > 0 {
            (Some(total), KNOWN)
        } else {
            (None, UNKNOWN)
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.bars().add(ProgressBar::with_draw_target(
            length,
            indicatif::ProgressDrawTarget::hidden(),
        ));
        bar.set_style(style);
        bar.set_prefix(what.to_owned());
        if total == 0 {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Box::new(Bar(bar))
    }

    fn note(&self, message: &str) {
        self.info(message);
    }
}

impl Task for Bar {
    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
