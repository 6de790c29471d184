-- What is to be a number is one, or nothing; so too a day, and a step. A moment is in UTC: another
-- would be read wrongly.
-- A returned row is a field of a document.
{%- set created = ['created_at', 'cree_le'] %}
{%- set numbers = {
    'templates': ['usage_count', 'use_count', 'utilisations'],
    'workflow_history': ['progress']
} %}
{%- set times = {
    'users': created,
    'templates': created,
    'signatures': created,
    'workflow_history': created + [
        'updated_at', 'maj_le', 'due_date', 'echeance', 'completed_at', 'termine_le',
        'messages.timestamp', 'messages.created_at'
    ]
} %}
{%- set steps = {'workflow_history': ['valide', 'envoye', 'archive']} %}

{{ unread_fields('courrier', [
    (number_form(), numbers),
    (moment_form(), times),
    ('^(true|false)$|' ~ moment_form(), steps)
]) }}
