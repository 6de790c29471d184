{{ source_changes('lots', [('id', 'lot_id')]) }}
