select count(*) as plays, sum(score) as score from {{ ref('scores') }}
