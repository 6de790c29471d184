{{ source_changes('factures', [('id', 'facture_id')], [('collecte_id', 'collecte_id')]) }}
