-- Up Migration

-- What the application may do is granted to this group role, and to nothing else. The login role of DATABASE_URL becomes
-- a member of it (database/setup.ts). It owns nothing, so it cannot change the schema.
do $$
begin
  if not exists (select from pg_roles where rolname = 'pps_app') then
    create role pps_app nologin;
  end if;
exception when duplicate_object or unique_violation then
  null; -- roles belong to the whole server: another database's migration was quicker
end
$$;

-- One row a program: what changes. Its rules are the revisions below.
create table program (
  program_id text primary key,
  latest_revision int not null,
  -- Segments {realFrom, programFrom, speed} in epoch milliseconds; [] means real time.
  clock jsonb not null default '[]'
);

create table program_revision (
  program_id text not null references program deferrable initially deferred,
  revision int not null check (revision >= 1),
  definition jsonb not null,
  published_at timestamptz not null default now(),
  published_by text not null,
  primary key (program_id, revision)
);

-- The one case of a brand in a program, and its read model. The columns from run_id on are a projection that the
-- workflow writes (see database/projection.ts); Temporal is the truth of an open enrollment.
create table enrollment (
  enrollment_id text primary key,
  program_id text not null references program,
  brand_key text not null,
  workflow_id text not null unique,
  -- Who may see and change it: the caller that created it.
  owner text not null,
  survey_partner text not null,
  -- The brand's later enrollment, which an admin permitted. Deferred: this row makes room before that one is there.
  superseded_by text references enrollment deferrable initially deferred,
  created_at timestamptz not null default now(),
  -- Temporal has acknowledged the start.
  started_at timestamptz,
  -- The run that wrote last, and when it started: an older one that is still talking is ignored.
  run_id text,
  run_started_at timestamptz,
  sequence int not null default 0,
  state jsonb not null,
  status text not null,
  calculation_month text not null,
  updated_at timestamptz not null default now()
);

-- "One submission per brand" (program page).
create unique index enrollment_one_per_brand on enrollment (program_id, brand_key) where superseded_by is null;
create index enrollment_by_owner on enrollment (owner, created_at desc, enrollment_id);
create index enrollment_by_partner on enrollment (survey_partner, created_at desc, enrollment_id);
-- For the comparison, which goes through the open ones.
create index enrollment_open on enrollment (enrollment_id) where state->'ending' = 'null'::jsonb and superseded_by is null;
create index enrollment_by_creation on enrollment (created_at desc, enrollment_id);

-- The API key of its survey partner that an advertiser submitted: AES-256-GCM, bound to this row (database/keyring.ts).
-- Never changed: another key is another row.
create table partner_key (
  partner_key_id text primary key,
  enrollment_id text not null references enrollment deferrable initially deferred,
  survey_partner text not null,
  -- Which secret of PARTNER_KEY_SECRETS it is encrypted with.
  secret_id text not null,
  nonce bytea not null check (length(nonce) = 12),
  ciphertext bytea not null,
  tag bytea not null check (length(tag) = 16),
  -- Of the key, for people to recognise it.
  last_four text not null check (length(last_four) <= 4),
  submitted_at timestamptz not null default now()
);
create index partner_key_by_enrollment on partner_key (enrollment_id);

-- What was sent on the form. Never changed: a resubmission is another row, the enrollment's state names the current one.
create table submission (
  submission_id text primary key,
  enrollment_id text not null references enrollment deferrable initially deferred,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  brand_name text not null,
  store_url text not null,
  contact_name text not null,
  contact_email text not null,
  -- The first submission of the enrollment with this contact: the process tells contacts apart by it, without seeing them.
  contact_id text not null,
  survey_partner text not null,
  store_platform text not null,
  advertiser_id text not null check (advertiser_id ~ '^\d{1,20}$'),
  external_id text,
  -- Sent with this form or with an earlier one.
  partner_key_id text references partner_key deferrable initially deferred,
  data_sharing_authorized boolean not null,
  data_sharing_text_version text not null,
  data_sharing_source text not null,
  data_sharing_at timestamptz not null default now(),
  submitted_by text not null,
  submitted_at timestamptz not null default now()
);
create index submission_by_enrollment on submission (enrollment_id, submitted_at);

create table questionnaire_answers (
  answers_id text primary key,
  enrollment_id text not null references enrollment,
  message_id text not null unique,
  answers jsonb not null,
  received_by text not null,
  received_at timestamptz not null default now()
);

create table timeline_event (
  enrollment_id text not null references enrollment,
  -- Message id, or step and period: the same happening has the same key in every run of the workflow.
  event_key text not null,
  run_id text not null,
  sequence int not null,
  -- On the program's clock.
  happened_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  event_type text not null,
  actor_role text not null,
  actor_id text not null,
  details jsonb not null,
  primary key (enrollment_id, event_key)
);
create index timeline_in_order on timeline_event (enrollment_id, sequence);

-- Free text that people write; messages and histories carry its id only.
create table note (
  note_id text primary key,
  enrollment_id text not null references enrollment,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  body text not null,
  written_by text not null,
  written_at timestamptz not null default now()
);

-- What a person decided: it waives a rule or lets money go. The message to the workflow carries the id only.
create table decision (
  decision_id text primary key,
  enrollment_id text not null references enrollment,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  kind text not null check (kind in ('waive', 'release', 'approval', 'new_enrollment', 'restart')),
  payload jsonb not null,
  reason_code text,
  note_id text references note,
  decided_by jsonb not null,
  decided_at timestamptz not null default now()
);
create index decision_by_enrollment on decision (enrollment_id, decided_at);
-- The workflows that restarts have replaced.
create index decision_restarts on decision (decided_at) where kind = 'restart';

-- Inputs and outcome of one calculation: why this amount.
create table credit_statement (
  statement_id text primary key,
  enrollment_id text not null references enrollment,
  calculation_month text not null,
  program_revision int not null,
  -- The sealed statement (program/creditStatement.ts): inputs, lines, hashes.
  document jsonb not null,
  computed_at timestamptz not null default now()
);
create index credit_statement_by_enrollment on credit_statement (enrollment_id, computed_at);

create type payout_state as enum ('frozen', 'submitting', 'pending', 'unknown', 'paid', 'refused', 'void');

-- One row for each attempt to transfer a credit. The row's state decides whether the rail may be called.
create table payout (
  payout_key text primary key,
  enrollment_id text not null references enrollment,
  kind text not null check (kind in ('credit')),
  state payout_state not null default 'frozen',
  attempt int not null default 0,
  rail text not null,
  -- The canonical request, and its hash: what was frozen is what is asked for.
  request jsonb not null,
  request_hash text not null,
  statement_id text not null references credit_statement,
  -- What the rail knew of this reference before it was ever asked to pay.
  baseline jsonb,
  rail_payment_id text,
  evidence text,
  frozen_at timestamptz not null default now(),
  submitted_at timestamptz,
  settled_at timestamptz
);
-- At most one live credit for an enrollment, whatever the code does.
create unique index payout_one_live_credit on payout (enrollment_id)
  where kind = 'credit' and state not in ('refused', 'void');

-- What a worker or a comparison has seen and our staff must look at (program/attention.ts); removed when it is over.
create table attention (
  enrollment_id text not null references enrollment,
  reason text not null,
  -- What exactly, e.g. an activity.
  subject text not null,
  since timestamptz not null default now(),
  primary key (enrollment_id, reason, subject)
);

-- A person has seen that a message was refused.
create table attention_dismissal (
  enrollment_id text not null references enrollment,
  event_key text not null,
  dismissed_by text not null,
  dismissed_at timestamptz not null default now(),
  primary key (enrollment_id, event_key)
);
create index timeline_refusals on timeline_event (enrollment_id) where event_type = 'message_refused';
create index payout_unsettled on payout (submitted_at) where state in ('submitting', 'pending', 'unknown', 'refused');

-- Work that must happen after a commit, at least once.
create table outbox (
  outbox_id bigint generated always as identity primary key,
  kind text not null check (kind in ('start', 'wake')),
  enrollment_id text not null references enrollment,
  due_at timestamptz not null default now(),
  attempts int not null default 0,
  last_error text,
  created_at timestamptz not null default now()
);
create index outbox_due on outbox (due_at);
create unique index outbox_one_start on outbox (enrollment_id) where kind = 'start';

-- One row for each keyed write of a caller; see database/idempotency.ts.
create table idempotency_key (
  owner text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  message_id text not null,
  -- Raised only when an Update failed in a way that lets the same message be sent again.
  attempt int not null default 1,
  -- Somebody is working on it until then.
  leased_until timestamptz,
  response_status int,
  response_body jsonb,
  created_at timestamptz not null default now(),
  primary key (owner, route, key)
);
create index idempotency_key_by_age on idempotency_key (created_at);

grant usage on schema public to pps_app;
grant select, insert, update on program, enrollment, payout to pps_app;
grant select, insert on program_revision, partner_key, submission, questionnaire_answers, note, decision, credit_statement, attention_dismissal to pps_app;
grant select, insert, update, delete on timeline_event, attention, outbox, idempotency_key to pps_app;

-- Down Migration

drop table idempotency_key, outbox, attention_dismissal, attention, payout, credit_statement, decision, note, timeline_event, questionnaire_answers, submission,
  partner_key, enrollment, program_revision, program;
drop type payout_state;
