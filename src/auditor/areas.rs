//! How many people live where, from a table that the auditor brings.
//!
//! ```text
//! code <TAB> name <TAB> level <TAB> parent <TAB> population       the first line that is no comment names the columns
//! FR-38 <TAB> Isère <TAB> departement <TAB> FR-ARA <TAB> 1290000  others than `code` and `population` are not read
//! ```

use std::{fs, path::Path};

use super::{error::AuditError, replay::totals::Areas};

pub(super) fn read(path: &Path) -> Result<Areas, AuditError> {
    let wrong = |what: &str| AuditError::Arguments(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    parse(&text).map_err(|what| wrong(&what))
}

fn parse(text: &str) -> Result<Areas, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    let names: Vec<_> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let column = |name: &str| names.iter().position(|column| *column == name).ok_or(format!("no column `{name}`"));
    let (code, population) = (column("code")?, column("population")?);
    let mut areas = Areas::new();
    for (number, line) in lines {
        let cells: Vec<_> = line.split('\t').collect();
        let (Some(code), Some(population)) = (cells.get(code), cells.get(population)) else {
            return Err(format!("line {number} has not all columns"));
        };
        // Of a coarser area the table may say nothing.
        if population.is_empty() {
            continue;
        }
        let population = population.parse().map_err(|_| format!("line {number}: `population` is no number"))?;
        if areas.insert((*code).to_owned(), population).is_some() {
            return Err(format!("line {number}: {code} comes twice"));
        }
    }
    Ok(areas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_columns() {
        let areas = parse("# source\ncode\tname\tpopulation\nFR-38\tIsère\t1290000\nFR\tFrance\t\n").unwrap();
        assert_eq!(areas.into_iter().collect::<Vec<_>>(), [("FR-38".to_owned(), 1_290_000)]);
        for bad in [
            "",
            "code\tname\nA\tB\n",
            "code\tpopulation\nA\n",
            "code\tpopulation\nA\tx\n",
            "code\tpopulation\nA\t1\nA\t2\n",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
