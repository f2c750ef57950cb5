-- Every segment of listeners with its size, and a key that is safe in an address
select
    md5(e.segment_kind || ' ' || e.segment) as segment_key,
    e.segment_kind,
    e.segment,
    max(e.listeners) as listeners,
    max(t.segment_listens) as listens
from weekly_engagement as e
left join segment_top_tracks as t on t.segment_kind = e.segment_kind and t.segment = e.segment
group by e.segment_kind, e.segment
order by e.segment_kind, e.segment
