{{ source_changes(
    'paiement_factures', [('id', 'paiement_id')], [('facture_id', 'facture_id')]
) }}
