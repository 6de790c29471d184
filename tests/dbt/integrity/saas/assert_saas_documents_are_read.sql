-- What is to be a number is one, or nothing; so too a day. A moment is in UTC: another would be
-- read wrongly.
-- A returned row is a field of a document.
{%- set numbers = {
    'subscriptions': ['monthly_amount'],
    'invoices': ['amount'],
    'messages': ['tokens'],
    'search_queries': ['results', 'duration_ms']
} %}
{%- set times = {
    'users': ['created_at', 'last_login'],
    'subscriptions': ['start_date', 'end_date'],
    'invoices': ['paid_at'],
    'messages': ['created_at'],
    'analytics_events': ['timestamp'],
    'search_queries': ['created_at']
} %}

{{ unread_fields('saas', [(number_form(), numbers), (moment_form(), times)]) }}
