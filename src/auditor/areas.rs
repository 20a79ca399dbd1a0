//! How many people live where, and what lies in what, from a table that the auditor brings.
//!
//! ```text
//! code <TAB> name <TAB> level <TAB> parent <TAB> population       the first line that is no comment names the columns
//! FR-38 <TAB> Isère <TAB> departement <TAB> FR-ARA <TAB> 1290000  `parent`: the areas that hold all of this one, blanks between
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{error::AuditError, replay::totals::Areas};

/// Which areas hold which: by its code, what is named as the parent of an area.
#[derive(Clone, Debug, Default)]
pub(super) struct Parents(BTreeMap<String, Vec<String>>);

impl Parents {
    /// Whether one area is the other or holds all of it.
    pub(super) fn contains(&self, outer: &str, inner: &str) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![inner]);
        while let Some(area) = next.pop() {
            if area == outer {
                return true;
            }
            if seen.insert(area) {
                next.extend(self.0.get(area).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }

    /// Whether the table has the area.
    pub(super) fn has(&self, area: &str) -> bool {
        self.0.contains_key(area)
    }
}

/// The columns `code` and `population` of a file.
pub(super) fn populations(path: &Path) -> Result<Areas, AuditError> {
    read(path, "population", |cell| {
        // Of a coarser area the table may say nothing.
        let number = || cell.parse().map_err(|_| "`population` is no number");
        (!cell.is_empty()).then(number).transpose()
    })
}

/// The columns `code` and `parent` of a file.
pub(super) fn parents(path: &Path) -> Result<Parents, AuditError> {
    let codes = |cell: &str| cell.split_whitespace().map(str::to_owned).collect();
    read(path, "parent", |cell| Ok(Some(codes(cell)))).map(Parents)
}

fn read<T>(path: &Path, column: &str, value: impl Fn(&str) -> Cell<T>) -> Result<BTreeMap<String, T>, AuditError> {
    let wrong = |what: &str| AuditError::Arguments(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    parse(&text, column, value).map_err(|what| wrong(&what))
}

/// What a cell says, if it says anything.
type Cell<T> = Result<Option<T>, &'static str>;

fn parse<T>(text: &str, column: &str, value: impl Fn(&str) -> Cell<T>) -> Result<BTreeMap<String, T>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    let names: Vec<_> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let place = |name: &str| names.iter().position(|column| *column == name).ok_or(format!("no column `{name}`"));
    let (code, cell) = (place("code")?, place(column)?);
    let mut areas = BTreeMap::new();
    for (number, line) in lines {
        let cells: Vec<_> = line.split('\t').collect();
        let (Some(code), Some(cell)) = (cells.get(code), cells.get(cell)) else {
            return Err(format!("line {number} has not all columns"));
        };
        let Some(value) = value(cell).map_err(|what| format!("line {number}: {what}"))? else { continue };
        if areas.insert((*code).to_owned(), value).is_some() {
            return Err(format!("line {number}: {code} comes twice"));
        }
    }
    Ok(areas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("areas.tsv");
        fs::write(&path, text).unwrap();
        (directory, path)
    }

    #[test]
    fn a_table_is_read_by_its_columns() {
        let (_directory, path) = file("# source\ncode\tname\tpopulation\nFR-38\tIsère\t1290000\nFR\tFrance\t\n");
        let areas = populations(&path).unwrap();
        assert_eq!(areas.into_iter().collect::<Vec<_>>(), [("FR-38".to_owned(), 1_290_000)]);
        for bad in [
            "",
            "code\tname\nA\tB\n",
            "code\tpopulation\nA\n",
            "code\tpopulation\nA\tx\n",
            "code\tpopulation\nA\t1\nA\t2\n",
        ] {
            let (_directory, path) = file(bad);
            assert!(populations(&path).is_err() && parents(&path).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_area_is_in_its_parents_and_in_what_they_are_in() {
        let table =
            "code\tparent\nFR\t\nFR-ARA\tFR\nFR-38\tFR-ARA\nepci:1\tFR-ARA\ncog:38563\tFR-38 epci:1\nX\tY\nY\tX\n";
        let (_directory, path) = file(table);
        let parents = parents(&path).unwrap();
        for outer in ["cog:38563", "epci:1", "FR-38", "FR-ARA", "FR"] {
            assert!(parents.contains(outer, "cog:38563"), "{outer}");
        }
        for (outer, inner) in
            [("cog:38563", "FR-38"), ("FR-38", "epci:1"), ("BE", "cog:38563"), ("FR", "X"), ("", "FR")]
        {
            assert!(!parents.contains(outer, inner), "{outer} {inner}");
        }
        assert!(parents.has("FR") && !parents.has("BE"));
    }
}
