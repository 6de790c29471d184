{{ source_changes('demandes_attribution', [('id', 'demande_id')]) }}
