from django.test import TestCase


class HealthTests(TestCase):
    def test_healthy(self):
        self.assertEqual(self.client.get("/api/health/").status_code, 200)
