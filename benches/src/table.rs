//! Figures beside each other: contenders that take turns, medians over rounds, and targets.

use std::collections::BTreeMap;
use std::fmt;

/// One way to do the same thing: a round of it gives one figure.
type Contender<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// Contenders that are measured in turns, and the rows that set two of them beside each other.
pub struct Group<'a> {
    unit: &'static str,
    contenders: Vec<(&'static str, Contender<'a>)>,
    rows: Vec<Row>,
}

/// One line of a table.
struct Row {
    name: String,
    ours: &'static str,
    reference: Option<&'static str>,
    target: Option<Target>,
}

/// What a row must reach. It is checked on the ratio, or on our own figure where there is no reference.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// At least so much; the aim.
    AtLeast(f64, f64),
    /// At most so much; the aim.
    AtMost(f64, f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least, _) => value >= least,
            Self::AtMost(most, _) => value <= most,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least, aim) => f.pad(&format!(">= {least} (aim {aim})")),
            Self::AtMost(most, aim) => f.pad(&format!("<= {most} (aim {aim})")),
        }
    }
}

/// How to measure.
#[derive(Debug)]
pub struct Plan {
    /// Rounds of each group.
    pub rounds: usize,
    /// Rows whose names begin so.
    pub only: String,
}

/// What has been measured.
#[derive(Debug, Default)]
pub struct Verdict {
    // The head of a table whose first row is yet to come.
    title: Option<&'static str>,
    missed: Vec<String>,
    checked: usize,
}

impl fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("unit", &self.unit).field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl<'a> Group<'a> {
    /// A group whose figures have this unit.
    #[must_use]
    pub fn new(unit: &'static str) -> Self {
        Self { unit, contenders: Vec::new(), rows: Vec::new() }
    }

    /// One more contender.
    pub fn contender(&mut self, name: &'static str, run: impl FnMut() -> f64 + 'a) -> &mut Self {
        self.contenders.push((name, Box::new(run)));
        self
    }

    /// A row that sets one contender beside another.
    pub fn row(
        &mut self,
        name: &str,
        ours: &'static str,
        reference: &'static str,
        target: Option<Target>,
    ) -> &mut Self {
        self.rows.push(Row { name: name.to_owned(), ours, reference: Some(reference), target });
        self
    }

    /// A row with one contender's own figure.
    pub fn figure(&mut self, name: &str, ours: &'static str, target: Option<Target>) -> &mut Self {
        self.rows.push(Row { name: name.to_owned(), ours, reference: None, target });
        self
    }

    /// Measures what the wanted rows need, and prints them.
    pub fn measure(&mut self, plan: &Plan, verdict: &mut Verdict) {
        self.rows.retain(|row| row.name.starts_with(&plan.only));
        let rows = &self.rows;
        self.contenders.retain(|(name, _)| rows.iter().any(|row| row.ours == *name || row.reference == Some(name)));
        let mut figures: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for round in 0..plan.rounds {
            // Each round begins with another, so that none is always first.
            let count = self.contenders.len();
            for turn in 0..count {
                let (name, run) = &mut self.contenders[(round + turn) % count];
                figures.entry(name).or_default().push(run());
            }
        }
        for row in &self.rows {
            row.print(self.unit, &figures, verdict);
        }
    }
}

impl Row {
    /// What tells it from the other rows.
    fn title(&self) -> String {
        self.reference.map_or_else(|| self.name.clone(), |reference| format!("{} against {reference}", self.name))
    }

    fn print(&self, unit: &str, figures: &BTreeMap<&str, Vec<f64>>, verdict: &mut Verdict) {
        let ours = &figures[self.ours];
        let reference = self.reference.map(|name| &figures[name]);
        let (against, ratio) = match reference {
            // Neighbours in time are compared: what slows the machine for a while slows both.
            Some(reference) => {
                let ratios = ours.iter().zip(reference).map(|(ours, reference)| ours / reference).collect();
                (shown(median(reference.clone())), median(ratios))
            }
            None => ("-".to_owned(), f64::NAN),
        };
        let own = median(ours.clone());
        let judged = if reference.is_some() { ratio } else { own };
        let word = self.target.map_or("", |target| verdict.judge(&self.title(), judged, target));
        let (name, reference) = (&self.name, self.reference.unwrap_or(""));
        let target = self.target.map_or_else(String::new, |target| target.to_string());
        let ratio = if ratio.is_nan() { "-".to_owned() } else { shown(ratio) };
        let line = format!(
            "{name:<34} {unit:<8} {own:>9} {against:>9} {ratio:>7}  {target:<20} {word:<7} {reference}",
            own = shown(own)
        );
        if let Some(title) = verdict.title.take() {
            head(title);
        }
        println!("{}", line.trim_end());
    }
}

impl Verdict {
    /// Begins a table. Its head is printed with its first row, if it has any.
    pub const fn begin(&mut self, title: &'static str) {
        self.title = Some(title);
    }

    fn judge(&mut self, name: &str, value: f64, target: Target) -> &'static str {
        self.checked += 1;
        if target.is_met(value) {
            return "met";
        }
        self.missed.push(format!("{name}: {}, target {target}", shown(value)));
        "MISSED"
    }

    /// Says what missed its target; whether nothing did.
    #[must_use]
    pub fn conclude(&self) -> bool {
        println!("\n{} of {} targets met", self.checked - self.missed.len(), self.checked);
        for missed in &self.missed {
            println!("missed  {missed}");
        }
        self.missed.is_empty()
    }
}

/// Prints the head of a table.
fn head(text: &str) {
    println!(
        "\n{text}\n{:<34} {:<8} {:>9} {:>9} {:>7}  {:<20} {:<7} against",
        "row", "unit", "ours", "reference", "ratio", "target", ""
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) }
}

/// Three digits or so.
fn shown(figure: f64) -> String {
    match figure.abs() {
        large if large >= 100.0 => format!("{figure:.0}"),
        middle if middle >= 10.0 => format!("{figure:.1}"),
        one if one >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}
