{#-
    A title, or a name of an artist, as titles are compared: wide letters of East Asian keyboards narrow, lower case,
    single spaces and none around; null when nothing is left. Nothing else is evened out: "- Remastered 2011", "(Live)"
    and "feat." name other recordings. extract/sources/spotify_export/titles.py says the same in Python; tests/extract/test_titles.py holds the
    two equal.
-#}
{% macro normalised_title(column) -%}
    {#- All kinds of space but the space itself; wide forms of ASCII without the backslash, on which dialects disagree. -#}
    {%- set spaces = "\t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000" -%}
    {%- set wide = "！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～" -%}
    {%- set narrow = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~" -%}
    nullif(trim({{ spotiflow.single_spaces(
        "lower(translate(" ~ column ~ ", '" ~ spaces ~ wide ~ "', '" ~ (" " * (spaces | length))
        ~ dbt.escape_single_quotes(narrow) ~ "'))"
    ) }}), '')
{%- endmacro %}

{#- A key of title and artist: equal when both are the same as titles are compared; null without a title. -#}
{% macro title_key(title, artist) -%}
    md5({{ spotiflow.normalised_title(title) }} || chr(31) || coalesce({{ spotiflow.normalised_title(artist) }}, ''))
{%- endmacro %}
