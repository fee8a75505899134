-- zones_in_force, zone_numbers -> every record of zones_in_force with its own number and that of its zone.
-- reads: zone_numbers, zones_in_force
-- makes: zones_in_force.*, record, zone_number
select zones_in_force.*, zones_in_force.rowid as record, zone_numbers.zone_number
from zones_in_force
inner join zone_numbers on zones_in_force.zone = zone_numbers.zone
