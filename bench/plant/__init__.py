"""Model of the pack: cells, contactors, DC link, insulation. Knows no bus and no instrument."""
