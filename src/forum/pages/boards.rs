//! The list of boards, and a board's list of topics.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::{
    frame::Frame,
    view::{Lens, Moment, Pages, Person},
    visit::{Answer, Visit},
};
use crate::{
    forum::{
        Forum,
        config::Board,
        store::{Glimpse, Member, PAGE},
    },
    http::{Page, Problem},
};
#[derive(Template)]
#[template(path = "forum/pages/home.html", config = "src/askama.toml")]
struct Home<'a> {
    page: &'a Page,
    frame: Frame,
    tagline: String,
    boards: Vec<Shelf>,
}

/// A board on the first page.
struct Shelf {
    slug: String,
    title: String,
    intro: String,
    start: String,
    topics: String,
    latest: Vec<Line>,
}

#[derive(Template)]
#[template(path = "forum/pages/board.html", config = "src/askama.toml")]
struct BoardPage<'a> {
    page: &'a Page,
    frame: Frame,
    slug: String,
    intro: String,
    start: String,
    reply: String,
    lines: Vec<Line>,
    pages: Pages,
}

/// A topic in a list.
struct Line {
    id: i64,
    title: String,
    by: Person,
    at: Moment,
    replies: String,
    poll: bool,
    closed: bool,
}

#[derive(Deserialize)]
pub(super) struct Turn {
    page: Option<i64>,
}

impl Turn {
    /// The page asked for, from 1.
    pub(super) fn page(&self) -> i64 {
        self.page.unwrap_or(1).clamp(1, 1_000_000)
    }
}

/// `GET /`
pub(super) async fn home(State(forum): State<Forum>, visit: Visit) -> Answer {
    let mut boards = Vec::new();
    let mut indexable = true;
    for board in &forum.config().boards {
        let (latest, total) = forum.store().latest(&board.slug, 3).await?;
        let shelf = shelf(&visit, board, latest, total).await?;
        indexable &= shelf.latest.iter().all(|line| line.by.indexable);
        boards.push(shelf);
    }
    let frame = Frame::new(&visit, forum.config().title.clone()).indexable(indexable);
    let tagline = forum.config().tagline.clone();
    visit.show_listed(indexable, &Home { page: &visit.page, frame, tagline, boards })
}

/// `GET /b/{slug}`
pub(super) async fn board(
    State(forum): State<Forum>,
    Path(slug): Path<String>,
    Query(turn): Query<Turn>,
    visit: Visit,
) -> Answer {
    let board = forum.config().board(&slug).ok_or_else(Problem::not_found)?;
    let (topics, total) = forum.store().topics(&slug, turn.page()).await?;
    let lines = lines(&visit, topics).await?;
    let indexable = lines.iter().all(|line| line.by.indexable);
    let lens = visit.lens();
    let view = BoardPage {
        page: &visit.page,
        slug,
        intro: board.intro.clone(),
        start: lens.words.with("forum-who-starts", &[("rule", &lens.rule(&board.start))]),
        reply: lens.words.with("forum-who-replies", &[("rule", &lens.rule(&board.reply))]),
        lines,
        pages: Pages::new(turn.page(), total, PAGE),
        frame: Frame::new(&visit, board.title.clone()).indexable(indexable),
    };
    visit.show_listed(indexable, &view)
}

async fn shelf(visit: &Visit, board: &Board, latest: Vec<Glimpse>, total: i64) -> Result<Shelf, Problem> {
    let latest = lines(visit, latest).await?;
    let lens = visit.lens();
    Ok(Shelf {
        slug: board.slug.clone(),
        title: board.title.clone(),
        intro: board.intro.clone(),
        start: lens.words.with("forum-who-starts", &[("rule", &lens.rule(&board.start))]),
        topics: lens.words.count("forum-topics", total),
        latest,
    })
}

async fn lines(visit: &Visit, topics: Vec<Glimpse>) -> Result<Vec<Line>, Problem> {
    let people = visit.people(topics.iter().map(|topic| topic.author)).await?;
    let lens = visit.lens();
    Ok(topics.into_iter().map(|topic| line(&lens, topic, &people)).collect())
}

fn line(lens: &Lens<'_>, topic: Glimpse, people: &BTreeMap<i64, Member>) -> Line {
    Line {
        id: topic.id,
        by: lens.person(topic.author, people),
        at: lens.moment(topic.last_at),
        replies: lens.words.count("forum-replies", topic.replies),
        poll: topic.has_poll,
        closed: topic.closed_at.is_some(),
        title: topic.title,
    }
}
