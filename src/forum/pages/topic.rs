//! A topic: its messages, its poll, and the form for a reply.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;

use super::{
    boards::Turn,
    fault::Fault,
    frame::Frame,
    kept,
    refused::{self, Refused},
    view::{Lens, Missing, Moment, Pages, Person},
    visit::{Answer, Ended, FAULTY, Visit, see, sign_in_path},
};
use crate::{
    forum::{
        Forum,
        ambient::SECOND,
        config::Board,
        store::{Member, PAGE, Poll, Post, Replied, Topic, Vote},
        text::{self, Paragraph, Piece},
    },
    http::{KeptForm, Page, Problem, SafeForm},
};

#[derive(Template)]
#[template(path = "forum/pages/topic.html", config = "src/askama.toml")]
struct TopicPage<'a> {
    page: &'a Page,
    frame: Frame,
    id: i64,
    title: String,
    board_slug: String,
    board_title: String,
    hidden: bool,
    closed: bool,
    moderator: bool,
    posts: Vec<PostView>,
    pages: Pages,
    poll: Option<PollView>,
    reply: ReplyState,
    draft: String,
    fault: Option<String>,
    sign_in: String,
    beside: String,
}

impl TopicPage<'_> {
    /// Whether there is a form for a reply: to write one, or to keep one that was not published.
    fn has_form(&self) -> bool {
        matches!(self.reply, ReplyState::Reply { .. }) || self.fault.is_some()
    }

    /// Whether what is in the form can still be published from it.
    fn sends(&self) -> bool {
        !matches!(self.reply, ReplyState::Closed | ReplyState::Silent)
    }
}

struct PostView {
    id: i64,
    by: Person,
    at: Moment,
    edited: bool,
    hidden: bool,
    paragraphs: Vec<Paragraph>,
    offer: Offer,
}

/// What the reader may do about a message.
enum Offer {
    /// Correct it: it is theirs, and recent.
    Edit,
    Report,
    Nothing,
}

struct PollView {
    question: String,
    rule: String,
    closes: Option<String>,
    voices: String,
    options: Vec<OptionView>,
    state: VoteState,
    fault: Option<String>,
}

struct OptionView {
    position: i64,
    label: String,
    percent: i64,
}

/// What a reader can do about a poll.
enum VoteState {
    /// From when what is known of the member is.
    Vote(String),
    Voted,
    SignIn,
    Refused(Missing),
    /// The provider does not say that the member has one pseudonym here.
    Voice(String),
    Ended,
    /// A sanction holds: nothing to say here, the top of the page says it.
    Silent,
}

/// What a reader can do about a topic.
enum ReplyState {
    Reply {
        publish_as: String,
        /// From when what is known of the member is.
        as_of: String,
    },
    SignIn,
    Refused(Missing),
    Closed,
    Silent,
}

/// What came back wrong, to be shown again.
#[derive(Default)]
struct Draft {
    body: String,
    fault: Option<Fault>,
    vote_fault: Option<Fault>,
}

#[derive(Deserialize)]
pub(super) struct ReplyForm {
    body: String,
}

#[derive(Deserialize)]
pub(super) struct VoteForm {
    option: Option<i64>,
}

/// `GET /t/{id}`
pub(super) async fn topic(Path(id): Path<i64>, Query(turn): Query<Turn>, visit: Visit) -> Answer {
    let topic = visible(&visit, id).await?;
    render(&visit, &topic, turn.page(), Draft::default(), StatusCode::OK).await
}

/// `POST /t/{id}/reply`
pub(super) async fn reply(
    State(forum): State<Forum>,
    Path(id): Path<i64>,
    visit: Visit,
    sent: KeptForm<ReplyForm>,
) -> Answer {
    let KeptForm { form: ReplyForm { body: typed }, fresh } = sent;
    let Some(topic) = still_visible(&visit, id).await? else {
        return kept::page(&visit, Fault::Hidden, vec![("forum-reply-label", typed)], "/");
    };
    let ready = visit.sender(fresh, &board_of(&forum, &topic)?.reply).and_then(|member| {
        let body = text::body(&typed, MAX_BODY).map_err(|fault| Fault::of("forum-reply-label", fault))?;
        Ok((member.id, body))
    });
    let again = |fault| Draft { body: typed.clone(), fault: Some(fault), vote_fault: None };
    let (member, body) = match ready {
        Ok(ready) => ready,
        Err(fault) => return render(&visit, &topic, LAST, again(fault), fault.status()).await,
    };
    match forum.store().reply(id, member, &body, visit.now).await? {
        Replied::Done(post) => Ok(see(&format!("/t/{id}?page={}#p{post}", forum.store().page_of(post).await?))),
        Replied::TooMany => render(&visit, &topic, LAST, again(Fault::Pace), Fault::Pace.status()).await,
        Replied::Closed => render(&visit, &topic, LAST, again(Fault::Closed), StatusCode::CONFLICT).await,
    }
}

/// `POST /t/{id}/vote`
pub(super) async fn vote(
    State(forum): State<Forum>,
    Path(id): Path<i64>,
    visit: Visit,
    SafeForm(sent): SafeForm<VoteForm>,
) -> Answer {
    let goal = format!("/t/{id}#poll");
    let member = visit.writer(&goal)?;
    let topic = visible(&visit, id).await?;
    let poll = forum.store().poll_of(id).await?.ok_or_else(Problem::not_found)?;
    if !member.of.one_voice() {
        return refused::page(&visit, &Refused::Voice, None, &goal);
    }
    if let Err(need) = poll.rule.check(&member.of) {
        return refused::page(&visit, &Refused::Vote, Some(&need), &goal);
    }
    let fault = match forum.store().vote(poll.id, &member.sub, sent.option.unwrap_or(0), visit.now).await? {
        Vote::Counted | Vote::Already => return Ok(see(&goal)),
        Vote::Closed => Fault::Closed,
        Vote::NoSuchOption => Fault::Option,
    };
    render(&visit, &topic, 1, Draft { vote_fault: Some(fault), ..Draft::default() }, FAULTY).await
}

/// A topic this reader may see.
pub(super) async fn visible(visit: &Visit, id: i64) -> Result<Topic, Problem> {
    let topic = visit.forum.store().topic(id).await?.ok_or_else(Problem::not_found)?;
    if topic.hidden_at.is_some() && !visit.is_moderator() {
        return Err(Problem::not_found());
    }
    Ok(topic)
}

/// The same for who has a form of it open: nothing when it has gone meanwhile.
pub(super) async fn still_visible(visit: &Visit, id: i64) -> Result<Option<Topic>, Problem> {
    match visible(visit, id).await {
        Ok(topic) if board_of(&visit.forum, &topic).is_ok() => Ok(Some(topic)),
        Ok(_) => Ok(None),
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The board of a topic; one that is no longer configured takes its topics with it.
pub(super) fn board_of<'a>(forum: &'a Forum, topic: &Topic) -> Result<&'a Board, Problem> {
    forum.config().board(&topic.board).ok_or_else(Problem::not_found)
}

async fn render(visit: &Visit, topic: &Topic, page: i64, draft: Draft, status: StatusCode) -> Answer {
    let store = visit.forum.store();
    let board = board_of(&visit.forum, topic)?;
    let (posts, pages) = posts_on(visit, topic.id, page).await?;
    let people = visit.people(posts.iter().map(|post| post.author)).await?;
    let lens = visit.lens();
    let posts: Vec<PostView> = posts.iter().map(|post| post_view(visit, &lens, post, &people)).collect();
    let poll = match store.poll_of(topic.id).await? {
        Some(poll) => Some(poll_view(visit, topic, poll, draft.vote_fault).await?),
        None => None,
    };
    let sign_in = sign_in_path(&format!("/t/{}?page={}", topic.id, pages.page));
    let indexable = posts.iter().all(|post| post.by.indexable) && topic.hidden_at.is_none();
    let view = TopicPage {
        page: &visit.page,
        frame: Frame::new(visit, topic.title.clone()).indexable(indexable),
        id: topic.id,
        title: topic.title.clone(),
        board_slug: board.slug.clone(),
        board_title: board.title.clone(),
        hidden: topic.hidden_at.is_some(),
        closed: topic.closed_at.is_some(),
        moderator: visit.is_moderator(),
        reply: reply_state(visit, topic, board),
        draft: draft.body,
        fault: draft.fault.map(|fault| fault.text(visit.words())),
        beside: lens.words.with("forum-sign-in-beside", &[("provider", &visit.forum.config().provider_name)]),
        sign_in,
        posts,
        pages,
        poll,
    };
    if status == StatusCode::OK {
        return visit.show_listed(indexable, &view);
    }
    let mut response = visit.rendered(status, &view);
    if let Some(fault) = draft.fault {
        fault.stamp(&mut response);
    }
    Ok(response)
}

async fn posts_on(visit: &Visit, topic: i64, page: i64) -> Result<(Vec<Post>, Pages), Ended> {
    let store = visit.forum.store();
    let (posts, total) = store.posts(topic, page).await?;
    let pages = Pages::new(page, total, PAGE);
    if page <= pages.last {
        return Ok((posts, pages));
    }
    let (posts, _) = store.posts(topic, pages.last).await?;
    Ok((posts, Pages::new(pages.last, total, PAGE)))
}

fn post_view(visit: &Visit, lens: &Lens<'_>, post: &Post, people: &BTreeMap<i64, Member>) -> PostView {
    let own = visit.member.as_ref().is_some_and(|member| post.author == Some(member.id));
    let hidden = post.hidden_at.is_some();
    PostView {
        id: post.id,
        by: lens.person(post.author, people),
        at: lens.moment(post.created_at),
        // A correction within the same minute is a hasty writer's.
        edited: post.edited_at.is_some_and(|at| at > post.created_at),
        hidden,
        paragraphs: if hidden && !visit.is_moderator() { Vec::new() } else { text::paragraphs(&post.body) },
        offer: match own {
            _ if visit.sanction.is_some() || visit.member.is_none() || hidden => Offer::Nothing,
            true if post.is_editable(visit.now) => Offer::Edit,
            true => Offer::Nothing,
            false => Offer::Report,
        },
    }
}

async fn poll_view(visit: &Visit, topic: &Topic, poll: Poll, fault: Option<Fault>) -> Result<PollView, Ended> {
    let lens = visit.lens();
    let total = poll.total();
    let open = poll.is_open(visit.now) && topic.closed_at.is_none();
    let state = match &visit.member {
        _ if !open => VoteState::Ended,
        None => VoteState::SignIn,
        Some(member) if visit.forum.store().has_voted(poll.id, &member.sub).await? => VoteState::Voted,
        Some(_) if visit.sanction.is_some() => VoteState::Silent,
        Some(member) if !member.of.one_voice() => VoteState::Voice(lens.one_voice_missing()),
        Some(member) => match poll.rule.check(&member.of) {
            Ok(()) => VoteState::Vote(lens.as_of(member)),
            Err(need) => VoteState::Refused(lens.missing(&need)),
        },
    };
    Ok(PollView {
        question: poll.question,
        rule: lens.words.with("forum-poll-rule", &[("rule", &lens.rule(&poll.rule))]),
        closes: poll.closes_at.filter(|_| open).map(|at| {
            let date = lens.date(at - SECOND);
            lens.words.with("forum-poll-open-until", &[("date", &date)])
        }),
        voices: lens.words.count("forum-poll-voices", total),
        options: poll
            .options
            .into_iter()
            .map(|option| OptionView {
                position: option.position,
                label: option.label,
                percent: (option.votes * 100 + total / 2).checked_div(total).unwrap_or(0),
            })
            .collect(),
        state,
        fault: fault.map(|fault| fault.text(visit.words())),
    })
}

fn reply_state(visit: &Visit, topic: &Topic, board: &Board) -> ReplyState {
    let lens = visit.lens();
    match &visit.member {
        _ if topic.closed_at.is_some() || topic.hidden_at.is_some() => ReplyState::Closed,
        None => ReplyState::SignIn,
        Some(_) if visit.sanction.is_some() => ReplyState::Silent,
        Some(member) => match board.reply.check(&member.of) {
            Ok(()) => ReplyState::Reply { publish_as: lens.publish_as(member), as_of: lens.as_of(member) },
            Err(need) => ReplyState::Refused(lens.missing(&need)),
        },
    }
}

/// Characters in a message.
pub(super) const MAX_BODY: usize = 5_000;
const LAST: i64 = 1_000_000;
