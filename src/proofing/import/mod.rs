//! Many people at once, from a file: all of them or nobody.
//!
//! Fields and rules are those of the counter's form ([`Typed`](super::Typed)). Names live for one line: it is read, checked, sealed
//! and wiped before the next is taken, on every processor there is. What stays until the end is what the database gets and the
//! codes, so the one transaction can be run again without anything being made anew.
//!
//! Two steps, so that the codes can be on the medium before the people are in the database: [`Proofing::read_batch`] changes
//! nothing and says all that is wrong, [`Proofing::enrol_batch`] writes.

mod lines;
mod report;

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    fmt,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use jiff::civil::Date;

use self::lines::{Header, Line, Lines};
pub use self::report::{Finding, HeaderError, ImportError, LineFault};
use super::{
    By, Proofing,
    enrol::{Doubt, EnrolError, Prepared, insert},
    office_key::OfficeKey,
    typed::Faults,
    unsigned::Signed,
};
use crate::{
    accounts::{InviteCode, LoginName},
    domain::{ambient::Timestamp, area::AreaCode, ids::PersonId},
    store::{StoreError, Tx, persons, registrars},
    transparency::Owners,
    wire::{sealed::CustodiansKey, tlog::leaf::RegistrarKey},
};

/// People of one file at the most. They are written by one transaction, and this many are within the 20 seconds that nodes
/// look back when they count crowds (`attributes`), also when the database is another machine; meanwhile they take some 20 MiB.
pub const MOST_LINES: usize = 5_000;

/// People who are ready to be enrolled: sealed, and in no database yet. Cheap to clone.
#[derive(Clone)]
pub struct Batch {
    by: By,
    people: Arc<[Ready]>,
    confirmed: Arc<BTreeSet<u64>>,
}

/// What one person is to be handed.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// Of the file.
    pub line: u64,
    /// What is typed to sign in with a passphrase.
    pub login: &'a LoginName,
    /// Only its hash is kept.
    pub code: &'a InviteCode,
    /// The last day on which the code can be used.
    pub until: Date,
}

/// One line without fault.
struct Ready {
    line: u64,
    prepared: Prepared,
    login: LoginName,
    code: InviteCode,
    until: Date,
    /// An earlier line of somebody alike.
    like: Option<u64>,
}

/// What a line is checked by and sealed with.
struct Rules<'a> {
    proofing: &'a Proofing,
    by: By,
    area: AreaCode,
    key: &'a CustodiansKey,
    header: &'a Header,
}

/// Lines that no worker has taken yet.
struct Queue<R> {
    lines: Lines<R>,
    people: usize,
    /// The file cannot be gone on with.
    over: bool,
}

impl Proofing {
    /// Reads a file and says all that is wrong with it; changes nothing. `confirmed` are the lines whose documents were looked
    /// at a second time.
    pub async fn read_batch(
        &self,
        by: By,
        source: impl Read + Send + 'static,
        confirmed: BTreeSet<u64>,
    ) -> Result<Batch, ImportError> {
        let key = self.sealing_key().await??;
        let area = self.office_area(by).await??;
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || this.read_lines(by, area, &key, source));
        let (mut people, mut findings) = read.await.map_err(|_| ImportError::Sealing)??;
        if people.is_empty() && findings.is_empty() {
            return Err(ImportError::Empty);
        }
        compare(&mut people, &mut findings);
        let batch = Batch { by, people: people.into(), confirmed: Arc::new(confirmed) };
        let (asked, other) = (batch.clone(), findings.iter().map(|finding| finding.line).collect());
        let found = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(async move { asked.look_up(tx).await }));
        findings.extend(batch.judge(&found.await?, &other));
        findings.sort_by_key(|finding| finding.line);
        if findings.is_empty() { Ok(batch) } else { Err(ImportError::Lines(findings)) }
    }

    /// Signs for all of them with the key of their office and enrols them, or nobody. Who came to a counter meanwhile is found
    /// all the same.
    pub async fn enrol_batch(&self, batch: &Batch, key: &OfficeKey) -> Result<(), ImportError> {
        let signed: Result<Arc<[Signed]>, _> =
            batch.people.iter().map(|ready| ready.prepared.draft.sign(key)).collect();
        let (this, work, signed, key) = (self.clone(), batch.clone(), signed?, key.public().id());
        let write = self.0.store.write(move |tx| {
            Box::pin(async move {
                let _office = this.open_counter(tx, work.by).await??;
                let findings = work.judge(&work.look_up(tx).await?, &BTreeSet::new());
                if !findings.is_empty() {
                    return Err(ImportError::Lines(findings));
                }
                let key = registrars::use_key(tx, work.by.office, key).await?.ok_or(ImportError::Key)?;
                work.insert(tx, &this.0.owners, this.now(), (&key, &signed)).await
            })
        });
        match write.await {
            Err(ImportError::Store(StoreError::Unavailable(_))) => self.look_for(batch).await?,
            outcome => outcome?,
        }
        for ready in &*batch.people {
            self.0.attributes.forget(ready.prepared.person);
        }
        self.audit_batch("import", batch.by, batch.people.len());
        Ok(())
    }

    /// After a connection that broke around the commit: whether it took place.
    async fn look_for(&self, batch: &Batch) -> Result<(), ImportError> {
        let Some(person) = batch.people.first().map(|ready| ready.prepared.person) else { return Ok(()) };
        let find = self.0.store.read::<_, StoreError, _>(|tx| Box::pin(persons::find(tx, person)));
        match find.await {
            Ok(Some(_)) => Ok(()),
            _ => Err(ImportError::Unsure),
        }
    }

    /// Checks and seals every line, on as many threads as help. To be called where waiting is allowed.
    fn read_lines(
        &self,
        by: By,
        area: AreaCode,
        key: &CustodiansKey,
        source: impl Read + Send,
    ) -> Result<(Vec<Ready>, Vec<Finding>), ImportError> {
        let mut lines = Lines::new(source);
        let header = Header::read(&lines.next()?.ok_or(ImportError::Empty)?)?;
        let rules = Rules { proofing: self, by, area, key, header: &header };
        let queue = Mutex::new(Queue { lines, people: 0, over: false });
        let workers = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
        let parts = thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| rules.work(&queue))).collect();
            let ended = workers.into_iter().map(|worker| worker.join().unwrap_or(Err(ImportError::Sealing)));
            ended.collect::<Result<Vec<_>, _>>()
        });
        let (mut people, mut findings) = (Vec::new(), Vec::new());
        for (ready, found) in parts? {
            people.extend(ready);
            findings.extend(found);
        }
        people.sort_by_key(|ready: &Ready| ready.line);
        Ok((people, findings))
    }
}

impl<R: Read> Queue<R> {
    /// The next lines in which somebody stands.
    fn take(&mut self, header: &Header) -> Result<Vec<Line>, ImportError> {
        let mut chunk = Vec::with_capacity(CHUNK);
        while !self.over && chunk.len() < CHUNK {
            match self.lines.next() {
                Ok(Some(line)) if line.is_blank(header) => {}
                Ok(Some(line)) if self.people < MOST_LINES => {
                    self.people += 1;
                    chunk.push(line);
                }
                Ok(None) => self.over = true,
                ended => {
                    self.over = true;
                    return Err(ended.err().unwrap_or(ImportError::TooMany));
                }
            }
        }
        Ok(chunk)
    }
}

impl Rules<'_> {
    /// Takes lines until there are none.
    fn work<R: Read>(&self, queue: &Mutex<Queue<R>>) -> Result<(Vec<Ready>, Vec<Finding>), ImportError> {
        let (mut people, mut findings) = (Vec::new(), Vec::new());
        loop {
            let chunk = queue.lock().unwrap_or_else(PoisonError::into_inner).take(self.header)?;
            if chunk.is_empty() {
                return Ok((people, findings));
            }
            for line in chunk {
                match self.check(&line)? {
                    Ok(ready) => people.push(ready),
                    Err(faults) => {
                        findings.extend(faults.into_iter().map(|fault| Finding { line: line.number, fault }));
                    }
                }
            }
        }
    }

    /// One line: checked, sealed, and gone.
    fn check(&self, line: &Line) -> Result<Result<Ready, Vec<LineFault>>, ImportError> {
        let proofing = self.proofing;
        let mut typed = match self.header.typed(line) {
            Ok(typed) => typed,
            Err(faults) => return Ok(Err(faults)),
        };
        let formulas = self.header.formulas(&mut typed);
        let read = match typed.read(&proofing.measure(self.area)) {
            Ok(read) if formulas.is_empty() => read,
            read => {
                let Faults(fields) = read.err().unwrap_or_default();
                let fields = fields.into_iter().filter(|(column, _)| !formulas.contains(column));
                let mut faults: Vec<_> =
                    fields.map(|(column, reason)| (column, LineFault::Field(column, reason))).collect();
                faults.extend(formulas.iter().map(|column| (*column, LineFault::Formula(*column))));
                faults.sort_by_key(|(column, _)| *column);
                return Ok(Err(faults.into_iter().map(|(_, fault)| fault).collect()));
            }
        };
        let mut rng = proofing.0.ambient.rng();
        let (person, code) = (PersonId::generate(&mut rng), InviteCode::generate(&mut rng));
        let prepared = proofing.seal_all(self.by, read, person, self.key, code.hash());
        let prepared = prepared.map_err(|_| ImportError::Sealing)?;
        let login = prepared.login.parse().map_err(|_| ImportError::Sealing)?;
        let until = proofing.last_day(prepared.code_expires);
        Ok(Ok(Ready { line: line.number, prepared, login, code, until, like: None }))
    }
}

impl Batch {
    /// What each is to be handed, in the order of the file.
    pub fn sheets(&self) -> impl ExactSizeIterator<Item = Sheet<'_>> {
        self.people.iter().map(|ready| Sheet {
            line: ready.line,
            login: &ready.login,
            code: &ready.code,
            until: ready.until,
        })
    }

    /// What the database says of each: whether they are enrolled, or somebody alike is.
    async fn look_up(&self, tx: &mut Tx) -> Result<HashMap<u64, LineFault>, StoreError> {
        let mut found = HashMap::new();
        for ready in &*self.people {
            let Prepared { same, alike, .. } = &ready.prepared;
            for tag in alike {
                if persons::count_alike(tx, tag).await? > 0 {
                    found.insert(ready.line, LineFault::Doubt(Doubt::Alike, None));
                    break;
                }
            }
            for tag in same {
                if persons::find_twin(tx, tag).await?.is_some() {
                    found.insert(ready.line, LineFault::Enrolled);
                    break;
                }
            }
        }
        Ok(found)
    }

    /// What is left to mend or to look at. `other`: lines of which something is known already.
    fn judge(&self, found: &HashMap<u64, LineFault>, other: &BTreeSet<u64>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut unused: BTreeSet<u64> = self.confirmed.difference(other).copied().collect();
        for ready in &*self.people {
            let line = ready.line;
            let known = found.get(&line).copied();
            if known == Some(LineFault::Enrolled) {
                unused.remove(&line);
                findings.push(Finding { line, fault: LineFault::Enrolled });
                continue;
            }
            let own = ready.prepared.doubts.iter().map(|doubt| LineFault::Doubt(*doubt, None));
            let resembling = ready.like.map(|earlier| LineFault::Doubt(Doubt::Alike, Some(earlier)));
            let doubts: Vec<_> = own.chain(resembling).chain(known).collect();
            if !doubts.is_empty() && !unused.remove(&line) {
                findings.extend(doubts.into_iter().map(|fault| Finding { line, fault }));
            }
        }
        findings.extend(unused.into_iter().map(|line| Finding { line, fault: LineFault::NoDoubt }));
        findings
    }

    /// Writes everybody, in the order of their ids: that of the file, which is often the alphabet, must not show in the rows.
    async fn insert(
        &self,
        tx: &mut Tx,
        owners: &Owners,
        // One time for all, and a late one: whoever asks what changed looks back from the last that he saw.
        now: Timestamp,
        (key, signed): (&RegistrarKey, &[Signed]),
    ) -> Result<(), ImportError> {
        let mut people: Vec<(&Ready, &Signed)> = self.people.iter().zip(signed).collect();
        people.sort_by_key(|(ready, _)| ready.prepared.person);
        for (ready, signed) in people {
            let draft = &ready.prepared.draft;
            let leaf = draft.complete(*signed, key).filter(|_| draft.is_of_now(now)).ok_or(ImportError::Stale)?;
            insert(tx, owners, &ready.prepared, leaf, now).await.map_err(|error| match error {
                EnrolError::AlreadyEnrolled => {
                    ImportError::Lines(vec![Finding { line: ready.line, fault: LineFault::Enrolled }])
                }
                EnrolError::Store(error) => error.into(),
                _ => ImportError::Sealing,
            })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} people)", self.people.len())
    }
}

/// Finds lines of one person, and lines of people who are alike.
fn compare(people: &mut Vec<Ready>, findings: &mut Vec<Finding>) {
    let (mut same, mut alike) = (HashMap::new(), HashMap::new());
    people.retain_mut(|ready| {
        let (line, prepared) = (ready.line, &ready.prepared);
        let twin = first(&mut same, &prepared.same, line);
        ready.like = first(&mut alike, &prepared.alike, line);
        findings.extend(twin.map(|twin| Finding { line, fault: LineFault::Repeated(twin) }));
        twin.is_none()
    });
}

/// The line that had one of the tags before; whatever of them is new is this line's.
fn first(known: &mut HashMap<[u8; 32], u64>, tags: &[[u8; 32]], line: u64) -> Option<u64> {
    let mut before = None;
    for tag in tags {
        match known.entry(*tag) {
            Entry::Occupied(entry) => before = before.or(Some(*entry.get()).filter(|other| *other != line)),
            Entry::Vacant(entry) => drop(entry.insert(line)),
        }
    }
    before
}

/// Lines that a worker takes at once.
const CHUNK: usize = 32;
const MOST_WORKERS: usize = 16;
