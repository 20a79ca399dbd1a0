//! Where people live: the areas of a country, how they nest, and how many live in each.
//!
//! An area has one [`Level`]. What may be said of a citizen who agreed to a level is [`Areas::emittable`]: the area at
//! that level and every area that holds the *whole* of it, never one that would narrow it down (`specs/claims.md`,
//! "residence").

mod code;
mod level;
mod search;
mod table;

use std::{io::Read, sync::LazyLock};

pub use self::{
    code::{AreaCode, InvalidAreaCode},
    level::{InvalidLevel, Level},
    table::TableError,
};

/// One area of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area<'a> {
    pub code: AreaCode,
    pub name: &'a str,
    pub level: Level,
    pub population: u64,
}

/// A table of areas. [`Areas::france`] is embedded; another country is a file in the same form, see [`Areas::from_tsv`].
#[derive(Debug, Default)]
pub struct Areas {
    source: String,
    names: String,
    /// Sorted by code.
    records: Vec<Record>,
    index: search::Index,
}

impl Areas {
    /// France in 2026. The first call unpacks and reads the table.
    pub fn france() -> &'static Self {
        static FRANCE: LazyLock<Areas> = LazyLock::new(embedded);
        &FRANCE
    }

    /// The sentence that names the publisher and the licence of the data, to be shown where the data is.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn all(&self) -> impl Iterator<Item = Area<'_>> {
        self.records.iter().map(|record| self.view(record))
    }

    pub fn get(&self, code: AreaCode) -> Option<Area<'_>> {
        self.find(code).map(|(_, record)| self.view(record))
    }

    /// What a person reads: "Isère"; for a commune "Voiron (Isère)", because many communes share a name.
    pub fn label(&self, code: AreaCode) -> Option<String> {
        let area = self.get(code)?;
        let department = self.at(Level::Department, code).filter(|_| area.level == Level::Commune);
        Some(match department {
            Some(department) if department.name != area.name => format!("{} ({})", area.name, department.name),
            _ => area.name.to_owned(),
        })
    }

    /// The area and all that hold the whole of it, from the finest to the coarsest; none when the code is unknown.
    ///
    /// Of a commune: itself, its intercommunal body if it has one, its département, its region, its country.
    pub fn chain(&self, code: AreaCode) -> Vec<Area<'_>> {
        let Some((_, record)) = self.find(code) else { return Vec::new() };
        let holders = record.holders().filter_map(|(_, place)| self.records.get(place as usize));
        std::iter::once(record).chain(holders).map(|record| self.view(record)).collect()
    }

    /// The area that tells where a commune is with this fineness: at this level, or the next coarser where the commune
    /// is in no area of it (an island without intercommunal body, an overseas collectivity without département).
    pub fn at(&self, level: Level, commune: AreaCode) -> Option<Area<'_>> {
        self.chain(commune).into_iter().find(|area| area.level <= level)
    }

    /// Every area that may be told of an inhabitant of the commune who agreed to this level, the finest first: the area
    /// [`Areas::at`] that level and all that hold the *whole* of it.
    ///
    /// The département of somebody who agreed to an intercommunal body that straddles two is not among them: the two
    /// together would be finer than what was agreed.
    pub fn emittable(&self, agreed: Level, commune: AreaCode) -> Vec<Area<'_>> {
        self.at(agreed, commune).map(|area| self.chain(area.code)).unwrap_or_default()
    }

    /// What to propose in place of an area with too few people: the area of the next coarser level in which more live.
    pub fn coarser(&self, level: Level, commune: AreaCode) -> Option<Area<'_>> {
        let now = self.at(level, commune)?;
        let mut coarser = self.chain(commune).into_iter().filter(|area| area.level < now.level);
        coarser.find(|area| area.population > now.population)
    }

    /// Whether the whole of `inner` lies in `outer`; an area lies in itself.
    pub fn contains(&self, outer: AreaCode, inner: AreaCode) -> bool {
        self.chain(inner).iter().any(|area| area.code == outer)
    }

    /// The communes that bear this name, accents, case, hyphens and "St" forgiven. A code, or its beginning, may
    /// follow to tell two apart: "Saint-Denis 974". The code alone, "38563", will do too.
    pub fn named(&self, text: &str) -> Vec<Area<'_>> {
        let places = self.index.named(text);
        if !places.is_empty() {
            return self.views(places).collect();
        }
        match search::split_code(text) {
            Some((name, code)) if has_words(name) => self.with_code(self.index.named(name), &code).collect(),
            Some((_, code)) => self.communes().filter(|area| area.code.local_part() == code).collect(),
            None => Vec::new(),
        }
    }

    /// The communes whose name begins with the text, forgiving like [`Areas::named`] and without a leading article:
    /// those that bear exactly this name first, then the most populous. At most `limit`.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Area<'_>> {
        let population = |place: u32| self.records.get(place as usize).map_or(0, |record| record.population);
        let places = self.index.search(text, population);
        if !places.is_empty() {
            return self.views(places).take(limit).collect();
        }
        match search::split_code(text) {
            Some((name, code)) if has_words(name) => {
                self.with_code(self.index.search(name, population), &code).take(limit).collect()
            }
            Some((_, code)) => {
                self.communes().filter(|area| area.code.local_part().starts_with(&code)).take(limit).collect()
            }
            None => Vec::new(),
        }
    }

    fn communes(&self) -> impl Iterator<Item = Area<'_>> {
        self.all().filter(|area| area.level == Level::Commune)
    }

    fn with_code(&self, places: Vec<u32>, code: &str) -> impl Iterator<Item = Area<'_>> {
        self.views(places).filter(move |area| area.code.local_part().starts_with(code))
    }

    fn views(&self, places: Vec<u32>) -> impl Iterator<Item = Area<'_>> {
        places.into_iter().filter_map(|place| self.records.get(place as usize)).map(|record| self.view(record))
    }

    fn find(&self, code: AreaCode) -> Option<(u32, &Record)> {
        let place = self.records.binary_search_by_key(&code, |record| record.code).ok()?;
        Some((u32::try_from(place).ok()?, self.records.get(place)?))
    }

    fn view(&self, record: &Record) -> Area<'_> {
        let name = self.names.get(record.name_start as usize..record.name_end as usize).unwrap_or_default();
        Area { code: record.code, name, level: record.level, population: record.population }
    }
}

/// One line of a table, packed: 35,000 of them are kept in memory.
#[derive(Debug)]
struct Record {
    code: AreaCode,
    level: Level,
    name_start: u32,
    name_end: u32,
    population: u64,
    /// The place in the table of the area that holds this one, for each coarser level; [`NOWHERE`] if none does.
    within: [u32; 4],
}

impl Record {
    /// The level and the place of every area that holds this one, the finest first.
    fn holders(&self) -> impl Iterator<Item = (Level, u32)> {
        Level::ALL.into_iter().zip(self.within).rev().filter(|(_, place)| *place != NOWHERE)
    }
}

const NOWHERE: u32 = u32::MAX;

fn has_words(text: &str) -> bool {
    text.contains(char::is_alphabetic)
}

#[expect(clippy::expect_used, reason = "the table is part of the program, and a test reads it")]
fn embedded() -> Areas {
    let packed: &[u8] = include_bytes!("france-2026.tsv.gz");
    let mut text = String::with_capacity(2 << 20);
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("the embedded table unpacks");
    Areas::from_tsv(&text).expect("the embedded table is sound")
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    fn codes(areas: &[Area<'_>]) -> String {
        areas.iter().map(|area| area.code.to_string()).collect::<Vec<_>>().join(" ")
    }

    fn france(level: Level) -> usize {
        Areas::france().all().filter(|area| area.level == level).count()
    }

    #[test]
    fn france_has_34969_communes_and_all_that_holds_them() {
        assert_eq!(Level::ALL.map(france), [1, 26, 96, 1_255, 34_969]);
        assert!(std::ptr::eq(Areas::france(), Areas::france()), "unpacked once");
        assert!(Areas::france().source().contains("INSEE") && Areas::france().source().contains("Licence Ouverte 2.0"));
    }

    #[test]
    fn the_populations_of_each_level_sum_up_to_the_country() {
        let areas = Areas::france();
        assert_eq!(areas.get(code("FR")).unwrap().population, 68_952_941);
        assert_eq!(areas.communes().map(|commune| commune.population).sum::<u64>(), 68_952_941);
        let regions: u64 = areas.all().filter(|area| area.level == Level::Region).map(|area| area.population).sum();
        assert_eq!(regions, 68_952_941);
        assert_eq!(areas.get(code("FR-75C")).unwrap().population, 2_103_778);
    }

    #[test]
    fn every_code_of_a_subdivision_is_one_of_iso_3166_2() {
        let areas =
            Areas::france().all().filter(|area| area.code.register().is_none()).map(|area| area.code.to_string());
        let metropolis = (1..=95).filter(|n| *n != 20 && *n != 75).map(|n| format!("FR-{n:02}"));
        let named = "FR FR-2A FR-2B FR-75C FR-971 FR-972 FR-973 FR-974 FR-976 FR-BL FR-CP FR-MF FR-NC FR-PF FR-PM FR-TF FR-WF \
            FR-ARA FR-BFC FR-BRE FR-CVL FR-20R FR-GES FR-HDF FR-IDF FR-NAQ FR-NOR FR-OCC FR-PAC FR-PDL";
        let mut expected: Vec<String> = named.split(' ').map(str::to_owned).chain(metropolis).collect();
        expected.sort_by_key(|text| code(text));
        assert_eq!(areas.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_chain_of_a_commune_runs_from_itself_to_the_country() {
        let areas = Areas::france();
        assert_eq!(codes(&areas.chain(code("cog:38563"))), "cog:38563 epci:243800984 FR-38 FR-ARA FR");
        assert_eq!(codes(&areas.chain(code("cog:22016"))), "cog:22016 FR-22 FR-BRE FR");
        assert_eq!(codes(&areas.chain(code("cog:97411"))), "cog:97411 epci:249740119 FR-974 FR");
        assert_eq!(codes(&areas.chain(code("cog:97502"))), "cog:97502 FR-PM FR");
        assert!(areas.chain(code("cog:99999")).is_empty());
    }

    #[test]
    fn an_intercommunal_body_across_departements_does_not_tell_the_departement() {
        // Redon Agglomération lies in Ille-et-Vilaine, Morbihan and Loire-Atlantique, thus in two regions.
        let (areas, redon) = (Areas::france(), code("cog:35236"));
        assert_eq!(codes(&areas.chain(redon)), "cog:35236 epci:243500741 FR-35 FR-BRE FR");
        assert_eq!(codes(&areas.emittable(Level::Commune, redon)), "cog:35236 epci:243500741 FR-35 FR-BRE FR");
        assert_eq!(codes(&areas.emittable(Level::Intercommunal, redon)), "epci:243500741 FR");
        assert_eq!(codes(&areas.emittable(Level::Department, redon)), "FR-35 FR-BRE FR");
        assert_eq!(codes(&areas.emittable(Level::Country, redon)), "FR");
    }

    #[test]
    fn the_examples_of_the_public_reference_are_what_is_told() {
        let reference = include_str!("../../../specs/claims.md");
        let (_, after) = reference.split_once("| lives in | agreed level |").unwrap();
        let rows: Vec<&str> = after.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        let homes = ["cog:38563", "cog:38563", "cog:38563", "cog:35236", "cog:29155", "cog:97411"];
        assert_eq!(rows.len(), homes.len());
        for (row, home) in rows.iter().zip(homes) {
            let cells: Vec<String> = row.split('|').map(|cell| cell.trim().replace('`', "")).collect();
            let told = codes(&Areas::france().emittable(cells[2].parse().unwrap(), code(home)));
            assert_eq!(
                (told.split(' ').next().unwrap(), told.as_str()),
                (cells[3].as_str(), cells[4].as_str()),
                "{row}"
            );
        }
    }

    #[test]
    fn a_level_that_a_commune_lacks_is_told_coarser_never_finer() {
        let areas = Areas::france();
        assert_eq!(codes(&areas.emittable(Level::Intercommunal, code("cog:29155"))), "FR-29 FR-BRE FR");
        assert_eq!(areas.at(Level::Department, code("cog:97120")).unwrap().code, code("FR-971"));
        assert_eq!(areas.at(Level::Region, code("cog:97120")).unwrap().code, code("FR-971"));
    }

    #[test]
    fn the_coarser_area_proposed_has_more_people() {
        let areas = Areas::france();
        assert_eq!(areas.coarser(Level::Commune, code("cog:38563")).unwrap().code, code("epci:243800984"));
        // Greater Paris has more people than the département of Paris.
        assert_eq!(areas.coarser(Level::Intercommunal, code("cog:75056")).unwrap().code, code("FR-IDF"));
        assert_eq!(areas.coarser(Level::Country, code("cog:75056")), None);
    }

    #[test]
    fn a_label_is_what_a_person_says() {
        let label = |text| Areas::france().label(code(text));
        assert_eq!(label("FR-38").as_deref(), Some("Isère"));
        assert_eq!(label("cog:38563").as_deref(), Some("Voiron (Isère)"));
        assert_eq!(label("cog:75056").as_deref(), Some("Paris"));
        assert_eq!(label("cog:97411").as_deref(), Some("Saint-Denis (La Réunion)"));
        assert_eq!(label("epci:243800984").as_deref(), Some("Communauté d'agglomération du Pays Voironnais"));
        assert_eq!(label("cog:99999"), None);
    }

    #[test]
    fn a_commune_is_found_as_people_write_it() {
        let first = |text| Areas::france().search(text, 1).first().map(|area| area.name);
        for (text, name) in [
            ("grenob", "Grenoble"),
            ("st etienne", "Saint-Étienne"),
            ("SAINT ETIENNE", "Saint-Étienne"),
            ("ste-marie aux m", "Sainte-Marie-aux-Mines"),
            ("lhay", "L'Haÿ-les-Roses"),
            ("l hay les roses", "L'Haÿ-les-Roses"),
            ("havre", "Le Havre"),
            ("le hav", "Le Havre"),
            ("y", "Y"),
            ("saint denis 974", "Saint-Denis"),
            ("38563", "Voiron"),
            ("ajaccio 2a", "Ajaccio"),
        ] {
            assert_eq!(first(text), Some(name), "{text}");
        }
        for text in ["", "   ", "-", "zzz", "99999", "grenoble 01", "🏠"] {
            assert_eq!(first(text), None, "{text}");
        }
        assert_eq!(codes(&Areas::france().search("saint denis 974", 9)), "cog:97411");
        let populations: Vec<u64> = Areas::france().search("mont", 50).iter().skip(5).map(|a| a.population).collect();
        assert!(populations.len() == 45 && populations.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn a_name_that_several_communes_bear_is_told_apart_by_a_code() {
        let named = |text| codes(&Areas::france().named(text));
        assert_eq!(named("VOIRON"), "cog:38563");
        assert_eq!(Areas::france().named("saint denis").len(), 4);
        assert_eq!(named("St-Denis (93)"), "cog:93066");
        assert_eq!(named("38563"), "cog:38563");
        assert_eq!(named("385"), "");
        assert_eq!(named("Voir"), "");
    }

    #[test]
    fn another_country_is_read_from_the_same_form() {
        let text = "code\tname\tlevel\tparent\tpopulation\nBE\tBelgique\tcountry\t\t\n\
            BE-WAL\tWallonie\tregion\tBE\t\nnis:62063\tLiège\tcommune\tBE-WAL\t195278\n";
        let areas = Areas::from_tsv(text).unwrap();
        assert_eq!(codes(&areas.emittable(Level::Intercommunal, code("nis:62063"))), "BE-WAL BE");
        assert_eq!(areas.label(code("nis:62063")).as_deref(), Some("Liège (Wallonie)"));
        assert_eq!(codes(&areas.search("liege", 5)), "nis:62063");
    }

    proptest! {
        #[test]
        fn nothing_finer_than_agreed_and_nothing_that_narrows_it_is_emittable(
            commune in select(Areas::france().communes().map(|area| area.code).collect::<Vec<_>>()),
            agreed in select(Level::ALL.to_vec()),
        ) {
            let areas = Areas::france();
            let emittable = areas.emittable(agreed, commune);
            let told = emittable.first().unwrap();
            prop_assert!(emittable.iter().all(|area| area.level <= agreed && area.population >= told.population));
            prop_assert!(emittable.iter().all(|area| areas.contains(area.code, told.code) && areas.contains(area.code, commune)));
            prop_assert!(emittable.is_sorted_by(|a, b| a.level > b.level));
            prop_assert_eq!(emittable.last().unwrap().code, code("FR"));
            prop_assert_eq!(areas.search(areas.label(commune).unwrap().split(" (").next().unwrap(), 50)
                .iter().filter(|area| area.code == commune).count(), 1);
        }
    }
}
