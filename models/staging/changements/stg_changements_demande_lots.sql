{{ source_changes(
    'demande_attribution_lots',
    [('id', 'demande_attribution_lot_id')],
    [('demande_attribution_id', 'demande_id'), ('lot_id', 'lot_id')]
) }}
