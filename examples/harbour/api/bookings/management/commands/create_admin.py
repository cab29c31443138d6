import os

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Makes sure that the harbour office can sign in."

    def handle(self, *args, **options):
        password = os.getenv("ADMIN_PASSWORD", "admin123")
        users = get_user_model().objects
        if not users.filter(username="admin").exists():
            users.create_superuser("admin", "office@harbour.example", password)
            self.stdout.write(f"admin created with password {password}")
