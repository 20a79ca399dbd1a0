//! Reading a table of areas.
//!
//! ```text
//! # Any number of lines that begin with # come first; the first of them names the source.
//! code <TAB> name <TAB> level <TAB> parent <TAB> population
//! FR-38 <TAB> Isère <TAB> departement <TAB> FR-ARA <TAB>
//! cog:38563 <TAB> Voiron <TAB> commune <TAB> epci:243800984 <TAB> 21000
//! ```
//!
//! UTF-8, one tab between the columns, no quotes, lines in any order. `parent` names the areas that hold the *whole* of
//! this one, separated by spaces: the finest are enough, since an area is also in what its parents are in. An
//! intercommunal body that straddles two départements has the region as its parent, and its communes name both the
//! body and their département. An empty `population` is the sum over the finest areas inside.

use std::collections::HashMap;

use super::{AreaCode, Areas, Level, NOWHERE, Record, search::Index};

impl Areas {
    /// Reads a table; the first fault found is told by its line and column.
    pub fn from_tsv(text: &str) -> Result<Self, TableError> {
        let (source, rows) = rows(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let mut areas = Self { source: source.to_owned(), ..Self::default() };
        for row in &rows {
            areas.push(row)?;
        }
        areas.nest(&rows)?;
        areas.sum_populations(&rows);
        areas.index = Index::new(areas.all().enumerate().filter_map(|(place, area)| {
            let place = u32::try_from(place).ok()?;
            (area.level == Level::Commune).then_some((place, area.name))
        }));
        Ok(areas)
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), TableError> {
        let too_large = |_| row.error("name", "the table is larger than 4 GiB");
        let name_start = u32::try_from(self.names.len()).map_err(too_large)?;
        self.names.push_str(row.name);
        let name_end = u32::try_from(self.names.len()).map_err(too_large)?;
        let population = row.population.unwrap_or(0);
        let (code, level) = (row.code, row.level);
        self.records.push(Record { code, level, population, name_start, name_end, within: [NOWHERE; 4] });
        Ok(())
    }

    /// Fills in what holds each area, the coarse ones first, so that a parent's own parents are known.
    fn nest(&mut self, rows: &[Row<'_>]) -> Result<(), TableError> {
        // Nothing but these can hold an area; they are few, and found many times.
        let holders = rows.iter().zip(0..).filter(|(row, _)| row.level < Level::Commune);
        let holders: HashMap<&str, u32> = holders.map(|(row, place)| (row.code_text, place)).collect();
        for level in Level::ALL {
            for (place, row) in rows.iter().enumerate().filter(|(_, row)| row.level == level) {
                let within = self.within(row, &holders)?;
                if let Some(record) = self.records.get_mut(place) {
                    record.within = within;
                }
            }
        }
        Ok(())
    }

    fn within(&self, row: &Row<'_>, holders: &HashMap<&str, u32>) -> Result<[u32; 4], TableError> {
        let mut within = [NOWHERE; 4];
        for text in row.parents.split_whitespace() {
            let error = |reason: &str| row.error("parent", format!("{text}: {reason}"));
            let holder = holders.get(text).and_then(|place| Some((*place, self.records.get(*place as usize)?)));
            let (place, parent) = holder.ok_or_else(|| error("no line of a coarser level has this code; add one"))?;
            if !parent.level.is_coarser_than(row.level) {
                return Err(error("is not of a coarser level than the area it shall hold"));
            }
            let own = std::iter::once((parent.level, place));
            for (level, place) in own.chain(parent.holders()) {
                let Some(slot) = within.get_mut(level as usize) else { continue };
                if *slot != NOWHERE && *slot != place {
                    return Err(error(&format!("the area would lie in two different areas of level {level}")));
                }
                *slot = place;
            }
        }
        match (row.level, within) {
            (Level::Country, [NOWHERE, ..]) => Ok(within),
            (Level::Country, _) => Err(row.error("parent", "a country has none; leave it empty")),
            (_, [NOWHERE, ..]) => Err(row.error("parent", "no country holds this area; name at least one parent")),
            _ => Ok(within),
        }
    }

    /// Gives each area whose line has no population the sum over the finest areas inside it.
    fn sum_populations(&mut self, rows: &[Row<'_>]) {
        let mut sums = vec![0_u64; self.records.len()];
        let mut holds_some = vec![false; self.records.len()];
        for record in &self.records {
            for (_, place) in record.holders() {
                if let Some(holds_some) = holds_some.get_mut(place as usize) {
                    *holds_some = true;
                }
            }
        }
        for (record, _) in self.records.iter().zip(&holds_some).filter(|(_, holds_some)| !**holds_some) {
            for (_, place) in record.holders() {
                if let Some(sum) = sums.get_mut(place as usize) {
                    *sum = sum.saturating_add(record.population);
                }
            }
        }
        for ((record, row), sum) in self.records.iter_mut().zip(rows).zip(sums) {
            record.population = row.population.unwrap_or(sum);
        }
    }
}

/// A fault in a table of areas.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("table of areas, line {line}, {field}: {reason}")]
pub struct TableError {
    /// Counted from 1.
    pub line: usize,
    /// The column, or `header`.
    pub field: &'static str,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// One line, each column by itself well formed.
struct Row<'t> {
    line: usize,
    code: AreaCode,
    code_text: &'t str,
    name: &'t str,
    level: Level,
    parents: &'t str,
    population: Option<u64>,
}

impl<'t> Row<'t> {
    fn read(line: usize, text: &'t str) -> Result<Self, TableError> {
        let error = |field, reason: String| TableError { line, field, reason };
        let columns: Vec<&str> = text.split('\t').collect();
        let [code_text, name, level, parents, population] = columns[..] else {
            let found = columns.len();
            return Err(error("columns", format!("{found} in place of 5; separate them by one tab each")));
        };
        let code = code_text.parse().map_err(|e: super::InvalidAreaCode| error("code", e.to_string()))?;
        if name.is_empty() || name.trim() != name || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(error("name", format!("must have 1 to {LONGEST_NAME} bytes and no space at either end")));
        }
        let level = level.parse().map_err(|e: super::InvalidLevel| error("level", e.to_string()))?;
        let population = match population {
            "" => None,
            digits => match digits.parse::<u32>() {
                Ok(number) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(u64::from(number)),
                _ => return Err(error("population", "must be a whole number in digits only, or empty".into())),
            },
        };
        Ok(Self { line, code, code_text, name, level, parents, population })
    }

    fn error(&self, field: &'static str, reason: impl Into<String>) -> TableError {
        TableError { line: self.line, field, reason: reason.into() }
    }
}

/// The source told by the first comment, and the lines sorted by code.
fn rows(text: &str) -> Result<(&str, Vec<Row<'_>>), TableError> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let mut source = "";
    while let Some((_, comment)) = lines.next_if(|(_, line)| line.starts_with('#')) {
        source = if source.is_empty() { comment.trim_start_matches('#').trim() } else { source };
    }
    let header = lines.next().unwrap_or((1, ""));
    if header.1 != HEADER {
        let reason = format!("must be the five words {}, separated by tabs", HEADER.replace('\t', ", "));
        return Err(TableError { line: header.0, field: "header", reason });
    }
    let mut rows = Vec::new();
    for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
        rows.push(Row::read(line, text)?);
    }
    rows.sort_by_key(|row| row.code);
    for (one, two) in rows.iter().zip(rows.iter().skip(1)) {
        if one.code == two.code {
            return Err(two.error("code", format!("{} stands already in line {}", two.code, one.line)));
        }
    }
    if !rows.iter().any(|row| row.level == Level::Commune) {
        let reason = "the table has no area of level commune; people live in communes".into();
        return Err(TableError { line: header.0, field: "level", reason });
    }
    Ok((source, rows))
}

const HEADER: &str = "code\tname\tlevel\tparent\tpopulation";
const LONGEST_NAME: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "# Made up.\n# More.\ncode\tname\tlevel\tparent\tpopulation\n\
        cog:1\tAy\tcommune\tepci:1 XX-1\t10\n\
        cog:2\tBe\tcommune\tepci:1 XX-2\t20\n\
        cog:3\tCe\tcommune\tXX-2\t\n\
        epci:1\tAy et Be\tepci\tXX-R\t\n\
        XX-1\tUn\tdepartement\tXX-R\t\n\
        XX-2\tDeux\tdepartement\tXX-R\t70\n\
        XX-R\tRégion\tregion\tXX\t\n\
        XX\tPays\tcountry\t\t\n";

    fn fault(from: &str, to: &str) -> (usize, &'static str) {
        assert!(SMALL.contains(from), "{from}");
        let error = Areas::from_tsv(&SMALL.replacen(from, to, 1)).unwrap_err();
        (error.line, error.field)
    }

    #[test]
    fn a_table_is_read_in_any_order_with_a_mark_and_windows_line_ends() {
        let areas = Areas::from_tsv(SMALL).unwrap();
        assert_eq!(areas.source(), "Made up.");
        assert_eq!(areas.all().count(), 8);
        let windows = format!("\u{feff}{}", SMALL.replace('\n', "\r\n"));
        assert_eq!(Areas::from_tsv(&windows).unwrap().all().count(), 8);
    }

    #[test]
    fn populations_are_summed_where_the_table_gives_none() {
        let areas = Areas::from_tsv(SMALL).unwrap();
        let population = |code: &str| areas.get(code.parse().unwrap()).unwrap().population;
        assert_eq!(["XX", "XX-R", "XX-1", "XX-2", "epci:1", "cog:3"].map(population), [30, 30, 10, 70, 30, 0]);
    }

    #[test]
    fn each_fault_is_told_by_its_line_and_column() {
        assert_eq!(fault("code\tname", "code;name"), (3, "header"));
        assert_eq!(fault("\tepci:1 XX-1\t10", "\tepci:1 XX-1"), (4, "columns"));
        assert_eq!(fault("cog:1\t", "Cog:1\t"), (4, "code"));
        assert_eq!(fault("cog:2\t", "cog:1\t"), (5, "code"));
        assert_eq!(fault("\tAy\t", "\t\t"), (4, "name"));
        assert_eq!(fault("\tAy\t", "\tAy \t"), (4, "name"));
        assert_eq!(fault("\tAy\t", "\tA\u{7}y\t"), (4, "name"));
        assert_eq!(fault("\tepci\t", "\tcity\t"), (7, "level"));
        assert_eq!(fault("epci:1 XX-1", "epci:9 XX-1"), (4, "parent"));
        assert_eq!(fault("epci:1 XX-1", "epci:1 38"), (4, "parent"));
        assert_eq!(fault("epci:1 XX-1", "cog:2"), (4, "parent"));
        assert_eq!(fault("epci:1 XX-1", "XX-2 XX-1"), (4, "parent"));
        assert_eq!(fault("epci\tXX-R", "epci\tXX-2"), (4, "parent"));
        assert_eq!(fault("epci:1 XX-1", ""), (4, "parent"));
        assert_eq!(fault("\tcountry\t\t", "\tcountry\tXX\t"), (11, "parent"));
        for bad in ["-1", "+1", "1 000", "1.5", "99999999999", "ten"] {
            assert_eq!(fault("\t10\n", &format!("\t{bad}\n")), (4, "population"));
        }
        assert_eq!(Areas::from_tsv("").unwrap_err().field, "header");
        assert_eq!(
            Areas::from_tsv("code\tname\tlevel\tparent\tpopulation\nXX\tPays\tcountry\t\t9").unwrap_err().line,
            1
        );
    }

    #[test]
    fn a_fault_reads_as_a_sentence() {
        let error = Areas::from_tsv(&SMALL.replacen("epci:1 XX-1", "epci:9", 1)).unwrap_err();
        insta::assert_snapshot!(error, @"table of areas, line 4, parent: epci:9: no line of a coarser level has this code; add one");
    }
}
