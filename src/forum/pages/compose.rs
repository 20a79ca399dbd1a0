//! Starting a topic, and correcting a message.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    fault::Fault,
    frame::Frame,
    refused::{self, Refused},
    topic::{MAX_BODY, board_of, too_many, visible},
    visit::{Answer, Ended, FAULTY, Visit, see},
};
use crate::{
    forum::{
        Forum,
        ambient::{DAY, day},
        config::Board,
        store::{NewPoll, NewTopic, Post},
        text,
    },
    http::{Page, Problem, SafeForm},
};

#[derive(Template)]
#[template(path = "forum/pages/compose.html", config = "src/askama.toml")]
struct ComposePage<'a> {
    page: &'a Page,
    frame: Frame,
    slug: String,
    board: String,
    publish_as: String,
    form: NewForm,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "forum/pages/edit.html", config = "src/askama.toml")]
struct EditPage<'a> {
    page: &'a Page,
    frame: Frame,
    id: i64,
    topic: i64,
    title: String,
    body: String,
    fault: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct NewForm {
    title: String,
    body: String,
    #[serde(default)]
    options: String,
    #[serde(default)]
    closes: String,
}

#[derive(Deserialize)]
pub(super) struct EditForm {
    body: String,
}

/// `GET /b/{slug}/new`
pub(super) async fn new(State(forum): State<Forum>, Path(slug): Path<String>, visit: Visit) -> Answer {
    let board = forum.config().board(&slug).ok_or_else(Problem::not_found)?;
    if let Some(refusal) = refusal(&visit, board)? {
        return refusal;
    }
    compose(&visit, board, NewForm::default(), None, StatusCode::OK)
}

/// `POST /b/{slug}/new`
pub(super) async fn create(
    State(forum): State<Forum>,
    Path(slug): Path<String>,
    visit: Visit,
    SafeForm(sent): SafeForm<NewForm>,
) -> Answer {
    let board = forum.config().board(&slug).ok_or_else(Problem::not_found)?;
    if let Some(refusal) = refusal(&visit, board)? {
        return refusal;
    }
    let topic = match read(&sent, board, visit.now) {
        Ok(topic) => topic,
        Err(fault) => return compose(&visit, board, sent, Some(fault), FAULTY),
    };
    let author = visit.writer("/")?.id;
    match forum.store().start_topic(&topic, author, visit.now).await? {
        Some(id) => Ok(see(&format!("/t/{id}"))),
        None => Err(too_many().into()),
    }
}

/// `GET /p/{id}/edit`
pub(super) async fn edit(Path(id): Path<i64>, visit: Visit) -> Answer {
    let post = own(&visit, id).await?;
    let fault = (!post.is_editable(visit.now)).then_some(Fault::Window);
    let status = if fault.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let body = post.body.clone();
    edit_page(&visit, &post, body, fault, status).await
}

/// `POST /p/{id}/edit`
pub(super) async fn save(Path(id): Path<i64>, visit: Visit, SafeForm(form): SafeForm<EditForm>) -> Answer {
    let post = own(&visit, id).await?;
    let body = match text::body(&form.body, MAX_BODY) {
        Ok(body) => body,
        Err(fault) => {
            let fault = Fault::of("forum-body-label", fault);
            return edit_page(&visit, &post, form.body, Some(fault), FAULTY).await;
        }
    };
    let store = visit.forum.store();
    if store.edit(id, visit.writer("/")?.id, &body, visit.now).await? {
        let page = store.page_of(id).await?;
        return Ok(see(&format!("/t/{}?page={page}#p{id}", post.topic)));
    }
    edit_page(&visit, &post, form.body, Some(Fault::Window), StatusCode::CONFLICT).await
}

/// What answers a member who may not start a topic here; nothing when they may.
fn refusal(visit: &Visit, board: &Board) -> Result<Option<Answer>, Ended> {
    let goal = format!("/b/{}/new", board.slug);
    let member = visit.writer(&goal)?;
    Ok(match board.start.check(&member.of) {
        Ok(()) => None,
        Err(need) => Some(refused::page(visit, &Refused::Topic(board.title.clone()), Some(&need), &goal)),
    })
}

fn compose(visit: &Visit, board: &Board, form: NewForm, fault: Option<Fault>, status: StatusCode) -> Answer {
    let lens = visit.lens();
    let name = visit.member.as_ref().map(|member| lens.own_name(member)).unwrap_or_default();
    let view = ComposePage {
        page: &visit.page,
        frame: Frame::new(visit, lens.words.t("forum-new-topic")),
        slug: board.slug.clone(),
        board: board.title.clone(),
        publish_as: lens.words.with("forum-publish-as", &[("name", &name)]),
        form,
        fault: fault.map(|fault| fault.text(lens.words)),
    };
    visit.show_as(status, &view)
}

fn read(form: &NewForm, board: &Board, now: i64) -> Result<NewTopic, Fault> {
    let title = text::line(&form.title, MAX_TITLE).map_err(|fault| Fault::of("forum-title-label", fault))?;
    let body = text::body(&form.body, MAX_BODY).map_err(|fault| Fault::of("forum-body-label", fault))?;
    let poll = read_poll(form, board, &title, now)?;
    Ok(NewTopic { board: board.slug.clone(), title, body, poll })
}

fn read_poll(form: &NewForm, board: &Board, title: &str, now: i64) -> Result<Option<NewPoll>, Fault> {
    if form.options.trim().is_empty() {
        return Ok(None);
    }
    let mut options: Vec<String> = Vec::new();
    for line in form.options.lines().filter(|line| !line.trim().is_empty()) {
        let option = text::line(line, MAX_OPTION).map_err(|_| Fault::Options)?;
        if options.contains(&option) {
            return Err(Fault::Options);
        }
        options.push(option);
    }
    if !(2..=10).contains(&options.len()) {
        return Err(Fault::Options);
    }
    let closes_at = if form.closes.is_empty() { None } else { Some(end_of(&form.closes, now)?) };
    Ok(Some(NewPoll { question: title.to_owned(), options, rule: board.reply.clone(), closes_at }))
}

/// The end of a day written as `2026-12-24`, in UTC.
fn end_of(text: &str, now: i64) -> Result<i64, Fault> {
    let date: jiff::civil::Date = text.parse().map_err(|_| Fault::Date)?;
    let start = date.to_zoned_datetime(jiff::tz::TimeZone::UTC).map_err(|_| Fault::Date)?.timestamp().as_millisecond();
    if (day(now)..=now + 366 * DAY).contains(&start) { Ok(start + DAY) } else { Err(Fault::Date) }
}

/// A message of the reader's own that stands in a topic they may see.
async fn own(visit: &Visit, id: i64) -> Result<Post, Ended> {
    let member = visit.writer(&format!("/p/{id}/edit"))?;
    let post = visit.forum.store().post(id).await?.ok_or_else(Problem::not_found)?;
    board_of(&visit.forum, &visible(visit, post.topic).await?)?;
    if post.author == Some(member.id) && post.hidden_at.is_none() { Ok(post) } else { Err(Problem::not_found().into()) }
}

async fn edit_page(visit: &Visit, post: &Post, body: String, fault: Option<Fault>, status: StatusCode) -> Answer {
    let words = visit.words();
    let view = EditPage {
        page: &visit.page,
        frame: Frame::new(visit, words.t("forum-edit-title")),
        id: post.id,
        topic: post.topic,
        title: visible(visit, post.topic).await?.title,
        body,
        fault: fault.map(|fault| fault.text(words)),
    };
    visit.show_as(status, &view)
}

const MAX_TITLE: usize = 120;
const MAX_OPTION: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forum::rules::Rule;

    const NOON: i64 = 1_795_435_200_000; // 23 November 2026

    fn form(options: &str, closes: &str) -> NewForm {
        NewForm { title: "T".into(), body: "B".into(), options: options.into(), closes: closes.into() }
    }

    fn board() -> Board {
        Board { slug: "b".into(), title: "B".into(), intro: String::new(), start: Rule::Anyone, reply: Rule::Age(18) }
    }

    #[test]
    fn a_poll_closes_at_the_end_of_its_last_day_and_takes_the_rule_of_its_board() {
        let poll = read(&form("a\r\n\r\n b \n", "2026-11-23"), &board(), NOON).unwrap().poll.unwrap();
        assert_eq!(poll.options, ["a", "b"]);
        assert_eq!(poll.closes_at, Some(day(NOON) + DAY));
        assert_eq!(poll.rule, Rule::Age(18));
    }

    #[test]
    fn a_poll_with_one_answer_or_eleven_or_two_alike_is_refused() {
        for options in ["a", "a\na", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11", &"x".repeat(101)] {
            assert_eq!(read(&form(options, ""), &board(), NOON).unwrap_err(), Fault::Options);
        }
    }

    #[test]
    fn a_poll_cannot_have_ended_before_it_began() {
        for closes in ["2026-11-22", "2028-01-01", "tomorrow", "2026-02-30"] {
            assert_eq!(read(&form("a\nb", closes), &board(), NOON).unwrap_err(), Fault::Date, "{closes}");
        }
    }
}
