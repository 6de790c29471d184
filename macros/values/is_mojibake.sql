{# Whether text holds traces of UTF-8 that was read as another encoding, of another encoding that was read
   as UTF-8 (U+FFFD), or of the code pages of DOS: never what French or Portuguese write, also in capitals
   (SÃO, CHÂTEAU). The lead byte of an accent is followed by one that no letter of these languages has.
   ASCII, nearly all, costs one look. #}
{% macro is_mojibake(text) -%}
{%- set second = '\\u0080-\\u00BF\\u0152\\u0153\\u0160\\u0161\\u0178\\u017D\\u017E\\u0192\\u02C6\\u02DC\\u2013\\u2014\\u2018-\\u201A\\u201C-\\u201E\\u2020-\\u2022\\u2026\\u2030\\u2039\\u203A\\u20AC\\u2122' -%}
{%- set traces = [
    '\\uFFFD',
    '[\\u0080-\\u0084\\u0086-\\u009F]',
    '[\\u2500-\\u257F]',
    '[ÂÃÅ][' ~ second ~ ']',
    '[a-zß-ÿ][ÂÃ]',
    'Ì[\\u0080-\\u0083\\u0087\\u0088\\u00A7\\u20AC\\u201A\\u0192\\u2021\\u02C6]',
    'â[\\u0080\\u20AC\\u201A\\u201E\\u2020]',
    'ï»¿|ï¿½|[ÔΓ]Ç|[ÔΓ]é¼|‚[ÄÇ]|≈[íì]|[√¬][^0-9 (]|Ă[^A-Za-z ]|[A-Za-z]Ă|Ĺ[“’]',
    '[a-z][ÚÞ]',
    '[A-Za-zÀ-ÿ]‚[A-Za-zÀ-ÿ]',
] -%}
    ({{ matches(text, '[^ -~]') }} and {{ matches(text, traces | join('|')) }})
{%- endmacro %}
