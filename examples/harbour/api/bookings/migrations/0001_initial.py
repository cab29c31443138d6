import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.datetime
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        # The exclusion constraint compares berths by equality. The extension is trusted: the owner may create it.
        BtreeGistExtension(),
        migrations.CreateModel(
            name='Berth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20, unique=True)),
                ('length_metres', models.DecimalField(decimal_places=1, max_digits=4)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Booking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('boat', models.CharField(max_length=80)),
                ('email', models.EmailField(max_length=254)),
                ('stay', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('berth', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bookings', to='bookings.berth')),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('berth', '='), ('stay', '&&')], name='one_boat_in_a_berth')],
            },
        ),
    ]
