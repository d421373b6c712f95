//! Measurements of one thing, and what is typical of them.

/// Samples in order.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    /// Puts one where it belongs.
    pub(super) fn add(&mut self, sample: f64) {
        let at = self.0.partition_point(|there| *there < sample);
        self.0.insert(at, sample);
    }

    /// The sample that this part of all is below.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index below the number of samples"
    )]
    pub(super) fn quantile(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1) as f64;
        let at = (last * part).round() as usize;
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }
}

impl std::fmt::Display for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, median, high] = [0.25, 0.5, 0.75].map(|part| self.quantile(part));
        f.pad(&format!("{median:.1} ({low:.1}–{high:.1})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_samples() {
        let mut samples = Samples::default();
        for sample in [5.0, 1.0, 3.0, 2.0, 4.0] {
            samples.add(sample);
        }
        assert_eq!(samples.to_string(), "3.0 (2.0–4.0)");
    }
}
