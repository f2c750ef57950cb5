-- A returned row is a title of the account data whose address the reader made otherwise than models would: the two ways
-- to normalise a title have grown apart.
select
    user_id,
    content_uri,
    title_key
from {{ ref('int_account_data_tracks') }}
where content_uri <> 'spotiflow:title:' || title_key
