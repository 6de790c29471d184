{% snapshot snap_utilisateurs %}
    {{ config(
        strategy='check',
        unique_key='utilisateur_id',
        hard_deletes='invalidate',
        check_cols=['date_inscription', 'statut_abonnement', 'est_supprime']
    ) }}

    select
        utilisateur_id,
        date_inscription,
        statut_abonnement,
        est_supprime
    from {{ ref('stg_saas_utilisateurs') }}
{% endsnapshot %}
