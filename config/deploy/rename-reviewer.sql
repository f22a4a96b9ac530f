-- Replaces the name of a reviewer in the catalogue: psql -v ON_ERROR_STOP=1 -v old='Ana Diaz' -v new=p7 -f rename-reviewer.sql
-- The activity log keeps the old name. docs/operating.md says what else does.
begin;
-- Two people who became one could not be told apart again.
select set_config('winnow.new_name', :'new', true);
do $$
declare new_name text := current_setting('winnow.new_name');
begin
  if exists (select from review_event where reviewer = new_name) or exists (select from quiz_question where reviewer = new_name) then
    raise exception 'Expected a name that nobody has, but someone is called ''%'' already. Nothing was changed.', new_name;
  end if;
end $$;
update review_event set reviewer = :'new' where reviewer = :'old';
update verdict set reviewers = array_replace(reviewers, :'old', :'new') where :'old' = any(reviewers);
-- An answer refers to its question, so the question is copied first.
insert into quiz_question (collection_id, reviewer, place, sha256, wnid, is_practice, choices, photos)
  select collection_id, :'new', place, sha256, wnid, is_practice, choices, photos from quiz_question where reviewer = :'old';
update quiz_answer set reviewer = :'new' where reviewer = :'old';
delete from quiz_question where reviewer = :'old';
update review_criteria set changed_by = :'new' where changed_by = :'old';
update pause set paused_by = :'new' where paused_by = :'old';
delete from review_lease where reviewer = :'old';
delete from session where name = :'old';
commit;
