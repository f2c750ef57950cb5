with

similarities as (select * from {{ ref('int_feature_similarity') }})

-- Its columns are all of the contract's.
select * from similarities
