//! A file of people, line by line, in memory that is wiped.
//!
//! ```text
//! file  = [BOM] header *(line)            UTF-8, lines end with LF or CRLF
//! line  = value *(separator value)        the separator is that of the header: , or ;
//! value = *(any but " and separator) / " *(any but " / "") "
//! ```
//!
//! RFC 4180 with one rule more: a value holds no line break, as no name does. So a line is a line, a quote that is not closed costs
//! that line alone, and every number told is the one that an editor shows. A lenient reader would take what follows for part of a
//! name, and would keep copies of names that nobody wipes.

use std::io::{self, Read};

use zeroize::Zeroizing;

use super::report::{HeaderError, ImportError, LineFault};
use crate::proofing::typed::{Column, Text, Typed};

/// Lines of at most [`LONGEST`] bytes, in one buffer whatever the size of the file.
pub(super) struct Lines<R> {
    source: R,
    buffer: Zeroizing<Vec<u8>>,
    /// What of the buffer is still to be told.
    from: usize,
    to: usize,
    ended: bool,
    number: u64,
}

/// One line without its end.
pub(super) struct Line {
    /// From 1, as an editor counts.
    pub(super) number: u64,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// What the first line says of the others.
pub(super) struct Header {
    separator: char,
    columns: Vec<Column>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        let buffer = Zeroizing::new(vec![0; BUFFER]);
        Self { source, buffer, from: 0, to: 0, ended: false, number: 0 }
    }

    /// The next line; None at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line>, ImportError> {
        loop {
            let rest = self.rest();
            let (length, found) = (rest.len(), rest.iter().position(|byte| *byte == b'\n'));
            match found {
                Some(end) => return self.take(end, 1).map(Some),
                None if length > LONGEST => return Err(ImportError::LongLine(self.number + 1)),
                None if self.ended && length == 0 => return Ok(None),
                None if self.ended => return self.take(length, 0).map(Some),
                None => self.fill()?,
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    fn take(&mut self, length: usize, end: usize) -> Result<Line, ImportError> {
        let number = self.number + 1;
        if length > LONGEST {
            return Err(ImportError::LongLine(number));
        }
        let line = self.rest().get(..length).unwrap_or_default();
        let line = if number == 1 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let bytes = Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
        self.from += length + end;
        self.number = number;
        Ok(Line { number, bytes })
    }

    fn fill(&mut self) -> Result<(), ImportError> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        let room = self.buffer.get_mut(self.to..).unwrap_or_default();
        match self.source.read(room) {
            Ok(0) => self.ended = true,
            Ok(read) => self.to += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

impl Line {
    /// Nothing stands in it: the end of a table as spreadsheets write it.
    pub(super) fn is_blank(&self, header: &Header) -> bool {
        self.bytes.iter().all(|byte| byte.is_ascii_whitespace() || char::from(*byte) == header.separator)
    }

    fn text(&self) -> Result<&str, LineFault> {
        let text = std::str::from_utf8(&self.bytes).map_err(|_| LineFault::Encoding)?;
        if text.contains('\0') { Err(LineFault::Nul) } else { Ok(text) }
    }
}

impl Header {
    /// Reads the first line. What it says is repeated only if it is a header: otherwise it is somebody's name.
    pub(super) fn read(line: &Line) -> Result<Self, HeaderError> {
        if line.bytes.starts_with(b"\xff\xfe") || line.bytes.starts_with(b"\xfe\xff") || line.bytes.contains(&0) {
            return Err(HeaderError::Utf16);
        }
        let text = line.text().map_err(|_| HeaderError::Encoding)?;
        let cells = |separator| values(text, separator).unwrap_or_default();
        let known = |cells: &[Text]| cells.iter().filter(|cell| column(cell).is_some()).count();
        let separator = if known(&cells(';')) > known(&cells(',')) { ';' } else { ',' };
        let cells = cells(separator);
        if known(&cells) * 2 < cells.len() || cells.is_empty() {
            return Err(HeaderError::NotAHeader);
        }
        let columns: Vec<Column> = cells.iter().filter_map(|cell| column(cell)).collect();
        let unknown = cells.iter().zip(1..).filter(|(cell, _)| column(cell).is_none());
        let unknown: Vec<String> = unknown.map(|(cell, number)| shown(cell, number)).collect();
        let doubled =
            Column::ALL.into_iter().filter(|known| columns.iter().filter(|column| *column == known).count() > 1);
        let missing = REQUIRED.into_iter().filter(|required| !columns.contains(required));
        let (doubled, missing): (Vec<_>, Vec<_>) = (doubled.collect(), missing.collect());
        if !(unknown.is_empty() && doubled.is_empty() && missing.is_empty()) {
            return Err(HeaderError::Columns { unknown, doubled, missing });
        }
        Ok(Self { separator, columns })
    }

    /// The fields of a line, or what keeps it from having any.
    pub(super) fn typed(&self, line: &Line) -> Result<Typed, Vec<LineFault>> {
        let text = line.text().map_err(|fault| vec![fault])?;
        let values = values(text, self.separator).ok_or_else(|| vec![LineFault::Quotes])?;
        if values.len() != self.columns.len() {
            return Err(vec![LineFault::Values { found: values.len(), expected: self.columns.len() }]);
        }
        let mut typed = Typed::default();
        for (column, value) in self.columns.iter().zip(values) {
            *field(&mut typed, *column) = value;
        }
        Ok(typed)
    }

    /// The columns whose value a spreadsheet would take for a formula.
    pub(super) fn formulas(&self, typed: &mut Typed) -> Vec<Column> {
        let begins = |text: &Text| text.trim_start().starts_with(['=', '+', '-', '@']);
        self.columns.iter().copied().filter(|column| begins(field(typed, *column))).collect()
    }
}

/// The values of a line; None when its quotes are not as they should be.
fn values(line: &str, separator: char) -> Option<Vec<Text>> {
    let mut values = Vec::new();
    let mut rest = line;
    loop {
        let (value, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let (value, after) = rest.split_at(rest.find(separator).unwrap_or(rest.len()));
            (Text::from(value), after)
        };
        if value.contains('"') && !rest.starts_with('"') {
            return None;
        }
        values.push(value);
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(values),
        }
    }
}

/// What stands between the quotes, and what follows the second.
fn quoted_value(text: &str) -> Option<(Text, &str)> {
    // Room for all of it: a text that grew would leave copies behind that nobody wipes.
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        value.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                value.push('"');
                rest = next;
            }
            None => return Some((Text::from(std::mem::take(&mut *value)), after)),
        }
    }
}

fn column(name: &str) -> Option<Column> {
    Column::ALL.into_iter().find(|column| name.trim().eq_ignore_ascii_case(column.as_str()))
}

/// A column's name as far as it is one; otherwise which it is.
fn shown(name: &str, number: usize) -> String {
    let name = name.trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    let is_name = !name.is_empty() && name.chars().count() <= 40 && name.chars().all(plain);
    if is_name { name.to_owned() } else { format!("that of column {number}") }
}

fn field(typed: &mut Typed, column: Column) -> &mut Text {
    match column {
        Column::FamilyName => &mut typed.family_name,
        Column::MarriedName => &mut typed.married_name,
        Column::GivenNames => &mut typed.given_names,
        Column::BirthDate => &mut typed.birth_date,
        Column::Sex => &mut typed.sex,
        Column::Commune => &mut typed.commune,
        Column::DocumentKind => &mut typed.document_kind,
        Column::DocumentNumber => &mut typed.document_number,
        Column::AgentUntil => &mut typed.agent_until,
        Column::ElectedUntil => &mut typed.elected_until,
        Column::AnimatorUntil => &mut typed.animator_until,
    }
}

/// Without these nobody can be enrolled. The others may be left out when they are empty for everybody.
const REQUIRED: [Column; 6] = [
    Column::FamilyName,
    Column::GivenNames,
    Column::BirthDate,
    Column::Commune,
    Column::DocumentKind,
    Column::DocumentNumber,
];
/// Bytes of a line at the most: four times what all fields can hold.
const LONGEST: usize = 16 * 1024;
const BUFFER: usize = 64 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Line {
        Line { number: 1, bytes: Zeroizing::new(text.as_bytes().to_vec()) }
    }

    fn split(text: &str) -> Option<Vec<String>> {
        Some(values(text, ';')?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_are_cut_at_separators_outside_of_quotes() {
        for (text, expected) in [
            ("", &[""] as &[&str]),
            ("a;b,c;", &["a", "b,c", ""]),
            (r#""a;b";c"#, &["a;b", "c"]),
            (r#""say ""hello""";"""#, &[r#"say "hello""#, ""]),
            (r#""say ""hello""";"""""#, &[r#"say "hello""#, "\""]),
            (r#""";x"#, &["", "x"]),
        ] {
            let expected = (!expected.is_empty()).then(|| expected.iter().map(ToString::to_string).collect());
            assert_eq!(split(text), expected, "{text}");
        }
        for unbalanced in [r#""a"#, r#""a"b;c"#, r#"a"b;c"#, r#"a;"b"#, r#""a" ;b"#, r#" "a";b"#, "\"\"\""] {
            assert_eq!(split(unbalanced), None, "{unbalanced}");
        }
    }

    #[test]
    fn lines_are_told_with_their_numbers_whatever_ends_them() {
        let mut lines = Lines::new(b"\xef\xbb\xbfa\r\n\nb\nlast".as_slice());
        let mut told = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            told.push((line.number, String::from_utf8(line.bytes.to_vec()).unwrap()));
        }
        let told: Vec<_> = told.iter().map(|(number, text)| (*number, text.as_str())).collect();
        assert_eq!(told, [(1, "a"), (2, ""), (3, "b"), (4, "last")]);
    }

    #[test]
    fn a_line_that_does_not_end_is_given_up_in_time() {
        let good = [b"a\n".repeat(40_000), vec![b'x'; LONGEST], b"\n".to_vec()].concat();
        let mut lines = Lines::new(good.as_slice());
        let mut count = 0;
        while lines.next().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 40_001);
        let mut endless = Lines::new(b"header\n".as_slice().chain(io::repeat(b'"')));
        assert_eq!(endless.next().unwrap().unwrap().number, 1);
        assert!(matches!(endless.next(), Err(ImportError::LongLine(2))));
        let long = [vec![b'x'; LONGEST + 1], b"\n".to_vec()].concat();
        assert!(matches!(Lines::new(long.as_slice()).next(), Err(ImportError::LongLine(1))));
    }

    #[test]
    fn a_header_is_read_in_any_order_with_either_separator() {
        let names = "document_number;Family_Name; given_names ;birth_date;commune;document_kind;sex";
        let header = Header::read(&line(names)).unwrap();
        assert_eq!((header.separator, header.columns[0]), (';', Column::DocumentNumber));
        let quoted = format!("\"{}\"", names.replace(';', "\",\""));
        assert_eq!(Header::read(&line(&quoted)).unwrap().separator, ',');
    }

    #[test]
    fn a_header_that_does_not_do_is_told_by_name_and_a_person_in_its_place_is_not() {
        let told = |text: &str| Header::read(&line(text)).err().map(|error| error.to_string()).unwrap();
        let unknown = told("family_name,family_name,given_names,birth_date,commune,document_kind,tél,<b>");
        insta::assert_snapshot!(unknown, @"line 1: columns are missing: document_number; columns are there twice: family_name; there are no columns of these names: tél, that of column 8; it may name family_name, married_name, given_names, birth_date, sex, commune, document_kind, document_number, agent_until, elected_until, animator_until");
        let nobody = told("Lefèvre;Éléonore;02/03/1987;f;Voiron;identity_card;12AB34567");
        insta::assert_snapshot!(nobody, @"line 1 names no columns: it has to be family_name, married_name, given_names, birth_date, sex, commune, document_kind, document_number, agent_until, elected_until, animator_until, parted by , or ;");
        assert!(told("family_name\0").contains("UTF-16"));
        assert!(told("").contains("names no columns"));
    }

    #[test]
    fn what_a_spreadsheet_would_calculate_is_found() {
        let header = Header { separator: ',', columns: vec![Column::FamilyName, Column::DocumentNumber, Column::Sex] };
        let mut typed = header.typed(&line(r#"=cmd|' /C calc'!A0," -12AB34",f"#)).ok().unwrap();
        assert_eq!(header.formulas(&mut typed), [Column::FamilyName, Column::DocumentNumber]);
    }

    proptest! {
        #[test]
        fn any_values_survive_their_quotes(texts in proptest::collection::vec("[^\n]{0,12}", 1..6)) {
            let line = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect::<Vec<_>>().join(";");
            prop_assert_eq!(split(&line), Some(texts));
        }

        #[test]
        fn any_bytes_are_lines_or_too_long(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut lines = Lines::new(bytes.as_slice());
            let mut whole = Vec::new();
            while let Some(line) = lines.next().unwrap() {
                whole.push(line.number);
            }
            let expected = bytes.split(|byte| *byte == b'\n').count() - usize::from(bytes.ends_with(b"\n") || bytes.is_empty());
            prop_assert_eq!(whole.len(), expected);
        }
    }
}
