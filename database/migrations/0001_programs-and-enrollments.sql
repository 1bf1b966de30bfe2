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
  -- The request that brought it; the same request again finds the same row. Null if it came with a deployment.
  message_id text unique,
  primary key (program_id, revision)
);

-- The requests that have moved a test clock: the same request again moves nothing.
create table clock_adjustment (
  message_id text primary key,
  program_id text not null references program,
  adjusted_at timestamptz not null default now()
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
  -- Whom and what it waits for, in one list: {partner, partner_confirmation, ...}.
  waiting_for text[] not null default '{}',
  -- Why it ended; of an open one why it is held, and of its criteria that have failed.
  reason_codes text[] not null default '{}',
  updated_at timestamptz not null default now(),
  -- Its personal data were erased (database/erasure.ts); what would bring new ones is refused from then on.
  erased_at timestamptz
);

-- "One submission per brand" (program page).
create unique index enrollment_one_per_brand on enrollment (program_id, brand_key) where superseded_by is null;
-- Pages of lists, in both directions (database/enrollmentList.ts). The status comes before the age, since the two go
-- together: the newest enrollments are never the paid ones, so to look for these from the newest on would be to read all.
create index enrollment_by_creation on enrollment (status, created_at, enrollment_id);
create index enrollment_of_owner_by_creation on enrollment (owner, status, created_at, enrollment_id) include (program_id);
create index enrollment_of_partner_by_creation on enrollment (survey_partner, status, created_at, enrollment_id) include (program_id);
create index enrollment_of_program_by_creation on enrollment (program_id, status, created_at, enrollment_id);
create index enrollment_of_month_by_creation on enrollment (calculation_month, status, created_at, enrollment_id);
create index enrollment_by_update on enrollment (status, updated_at, enrollment_id);
create index enrollment_of_owner_by_update on enrollment (owner, status, updated_at, enrollment_id);
create index enrollment_of_partner_by_update on enrollment (survey_partner, status, updated_at, enrollment_id);
create index enrollment_of_program_by_update on enrollment (program_id, status, updated_at, enrollment_id);
create index enrollment_of_month_by_update on enrollment (calculation_month, status, updated_at, enrollment_id);
create index enrollment_of_brand on enrollment (brand_key);
create index enrollment_by_wait_and_reason on enrollment using gin (waiting_for, reason_codes);
-- For the comparison, which goes through the open ones.
create index enrollment_open on enrollment (enrollment_id) where state->'ending' = 'null'::jsonb and superseded_by is null;

-- The API key of its survey partner that an advertiser submitted: AES-256-GCM, bound to this row (database/keyring.ts).
-- Never changed, only erased: another key is another row. An erased one has an empty ciphertext.
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

-- What was sent on the form. Never changed, only erased: a resubmission is another row, the enrollment's state names the
-- current one.
create table submission (
  submission_id text primary key,
  enrollment_id text not null references enrollment deferrable initially deferred,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  brand_name text not null,
  store_url text not null,
  -- Null once they are erased.
  contact_name text,
  contact_email text,
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
-- For whoever asks for the erasure of a person's data.
create index submission_by_contact on submission (lower(contact_email));

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

-- Free text that people write; messages and histories carry its id only. The body is null once it is erased.
create table note (
  note_id text primary key,
  enrollment_id text not null references enrollment,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  body text,
  written_by text not null,
  written_at timestamptz not null default now()
);

-- What a person decided: it waives a rule or lets money go. The message to the workflow carries the id only.
create table decision (
  decision_id text primary key,
  enrollment_id text not null references enrollment,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  kind text not null check (kind in ('waive', 'release', 'approval', 'new_enrollment', 'restart', 'erasure')),
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

-- To count them: it is small, however many there are.
create index payout_by_state on payout (state);

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

-- Who wants to be told of events; see database/webhookSubscriptions.ts.
create table webhook_subscription (
  subscription_id text primary key,
  -- Of whose enrollments: 'all', 'owner <caller>' or 'partner <survey partner>'. It is whose the subscription is, too.
  audience text not null,
  -- Made with a key pps_test_: of programs on test clocks only.
  for_test_clocks boolean not null,
  url text not null check (length(url) <= 2000),
  -- 'enrollment.*', or types of events.
  events text[] not null,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  created_at timestamptz not null default now(),
  created_by jsonb not null,
  -- To the minute.
  last_delivered_at timestamptz,
  -- Nothing is sent since then, and why.
  disabled_at timestamptz,
  disabled_reason text check ((disabled_reason is null) = (disabled_at is null))
);
create index webhook_subscription_of_audience on webhook_subscription (audience, created_at);

-- With what webhooks are signed: by us to a subscription, or by a survey partner to us. AES-256-GCM, bound to this row
-- (database/keyring.ts).
create table webhook_secret (
  webhook_secret_id text primary key,
  subscription_id text references webhook_subscription on delete cascade,
  survey_partner text check ((survey_partner is null) <> (subscription_id is null)),
  secret_id text not null,
  nonce bytea not null check (length(nonce) = 12),
  ciphertext bytea not null,
  tag bytea not null check (length(tag) = 16),
  message_id text not null unique,
  created_at timestamptz not null default now(),
  created_by jsonb not null,
  -- Rotated or retired: it holds until then.
  expires_at timestamptz
);
create index webhook_secret_of_subscription on webhook_secret (subscription_id);
create index webhook_secret_of_partner on webhook_secret (survey_partner);

-- One event for one subscription: what is sent, and what came of it. Swept some days after its end.
create table webhook_delivery (
  -- The webhook-id, the same for each attempt.
  delivery_id text primary key,
  subscription_id text not null references webhook_subscription on delete cascade,
  -- An event comes once to a subscription, however often it is projected. A test has none.
  enrollment_id text references enrollment,
  event_key text check ((event_key is null) = (enrollment_id is null)),
  event_type text not null,
  -- As it is signed and sent: never changed once it was sent.
  body text not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  made_at timestamptz not null default now(),
  -- Of the attempts until it is given up; anew when it is delivered again by request.
  begun_at timestamptz not null default now(),
  -- The next attempt, or the end of the lease of whoever makes it now.
  due_at timestamptz check ((due_at is not null) = (status = 'pending')),
  attempts int not null default 0,
  last_attempt_at timestamptz,
  -- What the receiver answered, or why there was no answer.
  last_status int,
  last_error text,
  ended_at timestamptz,
  unique (subscription_id, enrollment_id, event_key)
);
create index webhook_delivery_due on webhook_delivery (subscription_id, due_at) where due_at is not null;
create index webhook_delivery_log on webhook_delivery (subscription_id, made_at, delivery_id);
create index webhook_delivery_ended on webhook_delivery (ended_at) where ended_at is not null;
create index webhook_delivery_of_enrollment on webhook_delivery (enrollment_id);

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
  -- As it was sent: jsonb takes no NUL, which a refusal may name as part of what was wrong.
  response_body json,
  -- What the answer is about: it goes with the personal data of the enrollment.
  enrollment_id text,
  created_at timestamptz not null default now(),
  primary key (owner, route, key)
);
create index idempotency_key_by_age on idempotency_key (created_at);
create index idempotency_key_by_enrollment on idempotency_key (enrollment_id);

-- Many things of one kind that were asked for at once; see database/batches.ts. An item is one of them.
create table batch (
  batch_id text primary key,
  kind text not null check (kind in ('partner_confirmations', 'deferrals', 'enrollments')),
  -- The principal in full: the items are carried out as if it asked for each.
  given_by jsonb not null,
  -- Who may see it, besides staff.
  owner text not null,
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  -- While it is received nothing of it is carried out.
  state text not null check (state in ('receiving', 'accepted')),
  created_at timestamptz not null default now()
);
create table batch_item (
  batch_id text not null references batch,
  position int not null,
  -- Null once it is done or has failed: it may hold personal data.
  content jsonb,
  status text not null default 'pending' check (status in ('pending', 'standing', 'done', 'failed')),
  result jsonb,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  primary key (batch_id, position)
);
-- What is left of each batch, in order.
create index batch_item_pending on batch_item (batch_id, position) where status = 'pending';
create index batch_item_by_status on batch_item (batch_id, status, position);

-- Those that speak of the same enrollment or brand are carried out in order.
create index batch_item_of_subject on batch_item ((content->>'subject')) where status = 'pending' and content->>'subject' is not null;

-- What a survey partner has confirmed of a brand before it enrolled; see database/standingConfirmations.ts. There is a row as
-- long as its item stands.
create table standing_confirmation (
  batch_id text not null,
  position int not null,
  brand_key text not null,
  survey_partner text not null,
  advertiser_id text not null,
  criteria text[] not null,
  -- Null: in any program.
  program_id text references program,
  -- Given with a key pps_test_: for programs on test clocks only.
  for_test_clocks boolean not null,
  -- When it was given, in real time.
  stated_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (batch_id, position),
  foreign key (batch_id, position) references batch_item
);
create index standing_confirmation_of_brand on standing_confirmation (brand_key, survey_partner);
create index standing_confirmation_by_end on standing_confirmation (expires_at);

-- How far the file of an import has arrived; see database/imports.ts.
create table enrollment_import (
  batch_id text primary key references batch,
  rows int not null default 0,
  -- Over these rows and the file's kind.
  rows_hash bytea not null check (length(rows_hash) = 32),
  last_row_at timestamptz not null default now(),
  -- The whole file is there.
  accepted_at timestamptz
);
create index enrollment_import_receiving on enrollment_import (last_row_at) where accepted_at is null;
-- Waiting rows of a brand: those of one file are carried out in order, and an erasure takes them along.
create index batch_item_of_brand on batch_item ((content->>'brandKey'), batch_id, position) where status = 'pending' and content->>'brandKey' is not null;

-- From when on imported rows may be carried out, by all API processes together. One row.
create table import_pace (
  is_only boolean primary key default true check (is_only),
  free_from timestamptz not null default now()
);
insert into import_pace default values;

-- Keys of callers of the API; see database/apiKeys.ts. Role and holder are the actor of all that is done with a key.
create table api_key (
  key_id text primary key,
  -- SHA-256 of the whole key: 32 random bytes are in it, so nothing slower is needed.
  key_hash bytea not null check (length(key_hash) = 32),
  -- pps_test_: for programs on test clocks only.
  for_test_clocks boolean not null,
  role text not null check (role in ('caller', 'partner', 'admin', 'approver', 'operator', 'auditor')),
  holder_id text not null,
  survey_partner text check ((survey_partner is not null) = (role = 'partner')),
  -- The request that brought it; the same request again finds the same row.
  message_id text not null unique,
  created_at timestamptz not null default now(),
  created_by jsonb not null,
  expires_at timestamptz,
  -- To the minute.
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_by jsonb,
  -- The key that took its place; it lives on until expires_at.
  replaced_by text references api_key
);

-- Who did or tried what, from where (api/audit.ts). Each chain is one enrollment's; 'service' is that of all the rest. Whoever
-- changes, removes or inserts a row in the middle breaks the hashes after it (deploy/auditVerify.ts).
create table audit_entry (
  chain text not null,
  position int not null,
  recorded_at timestamptz not null,
  -- json, not jsonb: the bytes that were hashed.
  entry json not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (chain, position)
);

-- Where each chain ends: what it is locked by while a row is added, and what shows that its end was cut off.
create table audit_head (
  chain text primary key,
  position int not null,
  hash bytea not null
);

-- Place, time and hashes are not the application's to choose. With its owner's rights, since the application may not write
-- audit_head. Each statement of a volatile function sees what was committed while it waited for the lock.
create function chain_audit_entry() returns trigger language plpgsql security definer
  set search_path = pg_catalog, public, pg_temp as $$
declare
  head audit_head;
begin
  insert into audit_head values (new.chain, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
  select * into strict head from audit_head where chain = new.chain for update;
  new.position := head.position + 1;
  new.recorded_at := clock_timestamp();
  new.previous_hash := head.hash;
  new.hash := sha256(convert_to(concat_ws(E'\n', encode(head.hash, 'hex'), new.chain, new.position::text,
    to_char(new.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), new.entry::text), 'UTF8'));
  update audit_head set position = new.position, hash = new.hash where chain = new.chain;
  return new;
end
$$;
create trigger audit_chained before insert on audit_entry for each row execute function chain_audit_entry();

-- Erases the personal data of an enrollment: of all its forms, notes and keys, also those that were replaced. False if it has
-- not ended. free_texts are the questions whose answers are free text. With its owner's rights: the application may change
-- these rows in no other way.
create function erase_personal_data(erased_id text, free_texts text[]) returns boolean language plpgsql security definer
  set search_path = pg_catalog, public, pg_temp as $$
begin
  perform from enrollment where enrollment_id = erased_id and state->'ending' <> 'null'::jsonb for update;
  if not found then
    return false;
  end if;
  -- Whoever follows changes learns of it.
  update enrollment set erased_at = now(), updated_at = now() where enrollment_id = erased_id and erased_at is null;
  update submission set contact_name = null, contact_email = null, external_id = null where enrollment_id = erased_id;
  update partner_key set ciphertext = '', last_four = '' where enrollment_id = erased_id;
  update note set body = null where enrollment_id = erased_id;
  -- The question stays: that it was answered is a fact.
  update questionnaire_answers
     set answers = answers || (select coalesce(jsonb_object_agg(question, null), '{}')
                                 from unnest(free_texts) question where answers ? question)
   where enrollment_id = erased_id;
  -- Rows of imports that wait: carried out, they would be refused.
  update batch_item i set status = 'failed', content = null,
         result = jsonb_build_object('status', 409, 'code', 'ENROLLMENT_ERASED', 'row', i.content->'row',
           'detail', 'The enrollment has ended and its personal data were erased; nothing was changed.')
    from enrollment e
   where e.enrollment_id = erased_id and i.status = 'pending' and i.content->>'brandKey' = e.brand_key
     and i.content->>'programId' = e.program_id;
  -- Kept answers name the caller's own id. An equal request finds what it did by its message id.
  delete from idempotency_key where enrollment_id = erased_id;
  return true;
end
$$;

-- A form, key or questionnaire that comes after the erasure, or while it goes on, would bring personal data back. The lock
-- waits for an erasure under way.
create function refuse_after_erasure() returns trigger language plpgsql as $$
begin
  perform from enrollment where enrollment_id = new.enrollment_id for key share;
  perform from enrollment where enrollment_id = new.enrollment_id and erased_at is not null;
  if found then
    raise exception 'The personal data of enrollment % were erased.', new.enrollment_id using errcode = 'PPS01';
  end if;
  return new;
end
$$;
create trigger submission_not_erased before insert on submission for each row execute function refuse_after_erasure();
create trigger partner_key_not_erased before insert on partner_key for each row execute function refuse_after_erasure();
create trigger questionnaire_not_erased before insert on questionnaire_answers for each row execute function refuse_after_erasure();

grant usage on schema public to pps_app;
-- For the doctor: whether this release and the database fit.
grant select on pgmigrations to pps_app;
grant select, insert, update on program, enrollment, payout to pps_app;
grant select, insert on program_revision, clock_adjustment, partner_key, submission, questionnaire_answers, note, decision, credit_statement, attention_dismissal to pps_app;
grant select, insert, update, delete on timeline_event, attention, outbox, idempotency_key, webhook_delivery to pps_app;
grant select, insert, delete, update (last_delivered_at, disabled_at, disabled_reason) on webhook_subscription to pps_app;
grant select, insert, update (expires_at) on webhook_secret to pps_app;
-- Deleted are files that never came to their end.
grant select, insert, update, delete on batch, batch_item, enrollment_import, standing_confirmation to pps_app;
grant select, update on import_pace to pps_app;
grant select on audit_entry, audit_head to pps_app;
grant insert (chain, entry) on audit_entry to pps_app;
-- Of a key whose it is stays.
grant select, insert, update (expires_at, last_used_at, revoked_at, revoked_by, replaced_by) on api_key to pps_app;
revoke execute on function erase_personal_data from public;
grant execute on function erase_personal_data to pps_app;

-- Down Migration

drop table import_pace, enrollment_import, standing_confirmation, batch_item, batch, audit_entry, audit_head, api_key, webhook_delivery, webhook_secret, webhook_subscription, idempotency_key, outbox, attention_dismissal, attention, payout, credit_statement, decision, note, timeline_event, questionnaire_answers, submission,
  partner_key, enrollment, clock_adjustment, program_revision, program;
drop type payout_state;
drop function chain_audit_entry, refuse_after_erasure, erase_personal_data;
