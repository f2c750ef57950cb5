{#-
    The incremental strategy restate_days, used by int_plays: the table is kept by listener and day (of UTC), each with
    a fingerprint of everything that its rows are made from. A day whose fingerprint has changed is deleted and made
    anew in one transaction; all others stay. So the table always equals what a full refresh would make, in whatever
    order reports arrived: no clock and no load number decides. The code counts too: when the model, or one that it is
    built from, changes, all days are made anew.
-#}
{% macro get_incremental_restate_days_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }} as stored
    {%- if spotiflow.has_fingerprints(target) %}
    where not exists (
        select 1
        from ({{ spotiflow.days_with_fingerprints() }}) as days
        where
            stored.user_id = days.user_id
            and cast(stored.played_at as date) = days.day
            and stored.inputs_fingerprint = days.inputs_fingerprint
    )
    {%- endif %};
    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#- A select of the days that have to be made: all of them in a full refresh. -#}
{% macro days_to_make() -%}
    select days.*
    from ({{ spotiflow.days_with_fingerprints() }}) as days
    {%- if is_incremental() and spotiflow.has_fingerprints(this) %}
    left join (
        select distinct
            user_id,
            cast(played_at as date) as day,
            inputs_fingerprint
        from {{ this }}
    ) as made
        on
            days.user_id = made.user_id
            and days.day = made.day
            and days.inputs_fingerprint = made.inputs_fingerprint
    where made.user_id is null
    {%- endif %}
{%- endmacro %}

{#- Every day with reports of plays. The engine's version counts too: another one may know other time zone rules. -#}
{% macro days_with_fingerprints() -%}
    select
        user_id,
        ended_on as day,
        {{ spotiflow.fingerprint([
            'inputs_fingerprint', 'version()', "'" ~ spotiflow.code_fingerprint() ~ "'"
        ]) }} as inputs_fingerprint
    from {{ ref('int_play_report_days') }}
{%- endmacro %}

{#- False for a table made before its days had fingerprints: all of it is made anew. -#}
{% macro has_fingerprints(relation) -%}
    {{ return('inputs_fingerprint' in (adapter.get_columns_in_relation(relation) | map(attribute='name') | list)) }}
{%- endmacro %}

{#- The code of the model being built, and of every model and macro behind it, as one md5. A unit test builds nothing. -#}
{% macro code_fingerprint() -%}
    {%- if not execute or model.resource_type != 'model' -%}
        {{ return('') }}
    {%- endif -%}
    {%- set waiting = [model.unique_id] -%}
    {%- set code = {} -%}
    {%- for _ in range(10000) if waiting -%}
        {%- set unique_id = waiting.pop() -%}
        {%- if unique_id in code -%}
        {%- elif unique_id.startswith('model.') -%}
            {%- set node = graph.nodes[unique_id] -%}
            {%- do code.update({unique_id: node.raw_code}) -%}
            {%- do waiting.extend(node.depends_on.nodes) -%}
            {%- do waiting.extend(node.depends_on.macros) -%}
        {%- elif unique_id.startswith('macro.' ~ project_name ~ '.') -%}
            {%- set macro = context[unique_id.split('.')[-1]].macro -%}
            {%- do code.update({unique_id: macro.macro_sql}) -%}
            {%- do waiting.extend(macro.depends_on.macros) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(local_md5(code | dictsort | string)) }}
{%- endmacro %}
