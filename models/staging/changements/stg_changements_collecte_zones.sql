{{ source_changes('collecte_zones', [('collecte_id', 'collecte_id'), ('zone_id', 'zone_id')]) }}
