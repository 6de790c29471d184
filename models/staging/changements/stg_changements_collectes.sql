{{ source_changes('collectes', [('id', 'collecte_id')]) }}
