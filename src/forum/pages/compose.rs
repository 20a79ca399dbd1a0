//! Starting a topic, and correcting a message.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    fault::{Fault, Told},
    frame::Frame,
    kept,
    refused::{self, Refused},
    topic::{MAX_BODY, board_of, still_visible, visible},
    view::Missing,
    visit::{Answer, Visit, see, sign_in_path},
};
use crate::{
    forum::{
        Forum,
        ambient::{DAY, day},
        config::Board,
        rules::Rule,
        store::{NewPoll, NewTopic, Post},
        text,
    },
    http::{KeptForm, Page, Problem},
};

#[derive(Template)]
#[template(path = "forum/pages/compose.html", config = "src/askama.toml")]
struct ComposePage<'a> {
    page: &'a Page,
    frame: Frame,
    slug: String,
    board: String,
    /// Under which name, and from when what is known of the writer is; nothing when nobody is signed in.
    writer: Option<(String, String)>,
    form: NewForm,
    fault: Option<Told>,
    /// What is missing to publish it.
    missing: Option<Missing>,
    /// Where to sign in or to share more, in another tab, while this one keeps the text.
    beside: Option<(String, String)>,
}

impl ComposePage<'_> {
    /// Whether a field is the one at fault.
    fn faulty(&self, field: &str) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.field == field)
    }
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
    beside: Option<(String, String)>,
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
    let goal = format!("/b/{slug}/new");
    if let Err(need) = board.start.check(&visit.writer(&goal)?.of) {
        return refused::page(&visit, &Refused::Topic(board.title.clone()), Some(&need), &goal);
    }
    Ok(compose(&visit, board, NewForm::default(), None))
}

/// `POST /b/{slug}/new`
pub(super) async fn create(
    State(forum): State<Forum>,
    Path(slug): Path<String>,
    visit: Visit,
    sent: KeptForm<NewForm>,
) -> Answer {
    let board = forum.config().board(&slug).ok_or_else(Problem::not_found)?;
    let KeptForm { form, fresh } = sent;
    let ready = visit.sender(fresh, &board.start).and_then(|author| Ok((author.id, read(&form, board, visit.now)?)));
    let (author, topic) = match ready {
        Ok(ready) => ready,
        Err(fault) => return Ok(compose(&visit, board, form, Some(fault))),
    };
    match forum.store().start_topic(&topic, author, visit.now).await? {
        Some(id) => Ok(see(&format!("/t/{id}"))),
        None => Ok(compose(&visit, board, form, Some(Fault::Pace))),
    }
}

/// `GET /p/{id}/edit`
pub(super) async fn edit(Path(id): Path<i64>, visit: Visit) -> Answer {
    let member = visit.writer(&format!("/p/{id}/edit"))?.id;
    let post = visit.forum.store().post(id).await?.ok_or_else(Problem::not_found)?;
    board_of(&visit.forum, &visible(&visit, post.topic).await?)?;
    if post.author != Some(member) || post.hidden_at.is_some() {
        return Err(Problem::not_found().into());
    }
    let fault = (!post.is_editable(visit.now)).then_some(Fault::Window);
    let body = post.body.clone();
    edit_page(&visit, &post, body, fault).await
}

/// `POST /p/{id}/edit`
pub(super) async fn save(Path(id): Path<i64>, visit: Visit, sent: KeptForm<EditForm>) -> Answer {
    let KeptForm { form: EditForm { body: typed }, fresh } = sent;
    let store = visit.forum.store();
    let post = store.post(id).await?.ok_or_else(Problem::not_found)?;
    if post.hidden_at.is_some() || still_visible(&visit, post.topic).await?.is_none() {
        return kept::page(&visit, Fault::Hidden, vec![("forum-body-label", typed)], "/");
    }
    let ready = visit.sender(fresh, &Rule::Anyone).and_then(|member| {
        let body = text::body(&typed, MAX_BODY).map_err(|fault| Fault::of("forum-body-label", fault))?;
        Ok((member.id, body))
    });
    let (member, body) = match ready {
        Ok((member, _)) if post.author != Some(member) => return Err(Problem::not_found().into()),
        Ok(ready) => ready,
        Err(fault) => return edit_page(&visit, &post, typed, Some(fault)).await,
    };
    if store.edit(id, member, &body, visit.now).await? {
        let page = store.page_of(id).await?;
        return Ok(see(&format!("/t/{}?page={page}#p{id}", post.topic)));
    }
    edit_page(&visit, &post, typed, Some(Fault::Window)).await
}

fn compose(visit: &Visit, board: &Board, form: NewForm, fault: Option<Fault>) -> Response {
    let lens = visit.lens();
    let goal = format!("/b/{}/new", board.slug);
    let need = visit.member.as_ref().and_then(|member| board.start.check(&member.of).err());
    let share = need.as_ref().filter(|need| need.could_be_shared());
    let view = ComposePage {
        page: &visit.page,
        frame: Frame::new(visit, lens.words.t("forum-new-topic")),
        slug: board.slug.clone(),
        board: board.title.clone(),
        writer: visit.member.as_ref().map(|member| (lens.publish_as(member), lens.as_of(member))),
        form,
        fault: fault.map(|fault| fault.told(lens.words)),
        beside: sign_in_beside(visit, &goal).or_else(|| {
            share.map(|_| (format!("{}&share=1", sign_in_path(&goal)), lens.words.t("forum-share-beside")))
        }),
        missing: need.map(|need| lens.missing(&need)),
    };
    stamped(visit, &view, fault)
}

/// Where somebody whose session has ended signs in, and how that is called: in another tab, so that this one stays.
pub(super) fn sign_in_beside(visit: &Visit, goal: &str) -> Option<(String, String)> {
    let provider = visit.forum.config().provider_name.as_str();
    let text = || visit.words().with("forum-sign-in-beside", &[("provider", provider)]);
    visit.member.is_none().then(|| (sign_in_path(goal), text()))
}

/// A page with its form, under the status that its fault has.
fn stamped(visit: &Visit, view: &impl Template, fault: Option<Fault>) -> Response {
    let mut response = visit.rendered(fault.map_or(StatusCode::OK, Fault::status), view);
    if let Some(fault) = fault {
        fault.stamp(&mut response);
    }
    response
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

async fn edit_page(visit: &Visit, post: &Post, body: String, fault: Option<Fault>) -> Answer {
    let words = visit.words();
    let view = EditPage {
        page: &visit.page,
        frame: Frame::new(visit, words.t("forum-edit-title")),
        id: post.id,
        topic: post.topic,
        title: visible(visit, post.topic).await?.title,
        body,
        fault: fault.map(|fault| fault.text(words)),
        beside: sign_in_beside(visit, &format!("/p/{}/edit", post.id)),
    };
    Ok(stamped(visit, &view, fault))
}

const MAX_TITLE: usize = 120;
const MAX_OPTION: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

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
