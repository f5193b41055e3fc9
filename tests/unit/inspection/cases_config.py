"""Plugins that change JupyterHub's configuration or `config.yaml`, with hand-written expectations."""

from __future__ import annotations

from plugins import Case

C = "tljh_custom_jupyterhub_config"
CONFIG = "tljh_config_post_install"

CASES = (
    Case(
        "default-app",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_config_post_install(config):
                config["user_environment"] = {"default_app": "jupyterlab"}
         """},
        {CONFIG: ["certain", [["user_environment", "set", {"default_app": "jupyterlab"}, "certain"]]]},
    ),
    Case(
        "limits-by-setdefault",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_config_post_install(config):
                limits = config.setdefault("limits", {})
                limits["memory"] = "2G"
                limits.setdefault("cpu", 2)
                if "http" not in config:
                    config["http"] = {"port": 8080}
                users = config.get("users", {})
                users["extra_user_groups"] = {"docker": ["ada"]}
                config["users"] = users
                config.setdefault("users", {}).setdefault("admin", []).append("ada")
                del config["base_url"]
                config.pop("traefik_api", None)
         """},
        {CONFIG: ["certain", [
            ["limits.memory", "set", "2G", "certain"],
            ["limits.cpu", "set-if-missing", 2, "certain"],
            ["http", "set-if-missing", {"port": 8080}, "certain"],
            ["users.extra_user_groups", "set", {"docker": ["ada"]}, "certain"],
            ["users.admin", "append", "ada", "certain"],
            ["base_url", "delete", None, "certain"],
            ["traefik_api", "delete", None, "certain"],
        ]]},
    ),
    Case(
        "lost-get",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_config_post_install(config):
                config.get("limits", {})["memory"] = "2G"
         """},
        {CONFIG: ["partial", [["limits.memory", "set", "2G", "partial"]]]},
    ),
    Case(
        "early-return",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_config_post_install(config):
                if "limits" in config:
                    return
                config["limits"] = {"memory": "1G"}
                config["base_url"] = "/hub"
         """},
        {CONFIG: ["partial", [
            ["limits", "set-if-missing", {"memory": "1G"}, "certain"],
            ["base_url", "set", "/hub", "partial"],
        ]]},
    ),
    Case(
        "update-and-environment",
        {"tljh_case.py": """
            import os
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_config_post_install(config):
                config.update({"https": {"enabled": True}}, base_url=os.environ.get("BASE", "/"))
                config["auth"]["type"] = "nativeauthenticator.NativeAuthenticator"
                for name in ("ada", "bob"):
                    config["users"]["allowed"].append(name)
         """},
        {CONFIG: ["partial", [
            ["https", "set", {"enabled": True}, "certain"],
            ["base_url", "set", "/", "partial"],
            ["auth.type", "set", "nativeauthenticator.NativeAuthenticator", "certain"],
            ["users.allowed", "append", "ada", "certain"],
            ["users.allowed", "append", "bob", "certain"],
        ]]},
    ),
    Case(
        "dockerspawner",
        {"tljh_case.py": """
            from dockerspawner import DockerSpawner
            from tljh.hooks import hookimpl
            IMAGE = "jupyter/datascience-notebook"
            TAG = "2021-01-01"
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
                spawner = c.DockerSpawner
                spawner.image = f"{IMAGE}:{TAG}"
                spawner.volumes = {"/home/jupyter-{username}": "/home/jovyan"}
                spawner.volumes["/srv/data"] = {"bind": "/data", "mode": "ro"}
                setattr(spawner, "remove", True)
                c["DockerSpawner"]["network_name"] = "jupyter"
                c.JupyterHub.hub_ip = "0.0.0.0"
         """},
        {C: ["certain", [
            ["c.JupyterHub.spawner_class", "set", "dockerspawner.DockerSpawner", "certain"],
            ["c.DockerSpawner.image", "set", "jupyter/datascience-notebook:2021-01-01", "certain"],
            ["c.DockerSpawner.volumes", "set", {"/home/jupyter-{username}": "/home/jovyan"}, "certain"],
            ["c.DockerSpawner.volumes", "update", {"/srv/data": {"bind": "/data", "mode": "ro"}}, "certain"],
            ["c.DockerSpawner.remove", "set", True, "certain"],
            ["c.DockerSpawner.network_name", "set", "jupyter", "certain"],
            ["c.JupyterHub.hub_ip", "set", "0.0.0.0", "certain"],
        ]]},
    ),
    Case(
        "wrapspawner",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            def profiles():
                return [("Host", "local", "tljh.user_creating_spawner.UserCreatingSpawner", {}),
                        ("Docker", "docker", "dockerspawner.SystemUserSpawner", dict(image="x", remove=True))]
            def configure(config, name):
                config.JupyterHub.spawner_class = name
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                configure(c, "wrapspawner.ProfilesSpawner")
                c.ProfilesSpawner.profiles = profiles()
                c.Spawner.http_timeout = 120 * 2
         """},
        {C: ["certain", [
            ["c.JupyterHub.spawner_class", "set", "wrapspawner.ProfilesSpawner", "certain"],
            ["c.ProfilesSpawner.profiles", "set", [
                ["Host", "local", "tljh.user_creating_spawner.UserCreatingSpawner", {}],
                ["Docker", "docker", "dockerspawner.SystemUserSpawner", {"image": "x", "remove": True}],
            ], "certain"],
            ["c.Spawner.http_timeout", "set", 240, "certain"],
        ]]},
    ),
    Case(
        "services",
        {"tljh_case.py": """
            import sys
            from tljh.hooks import hookimpl
            SERVICE = {"name": "gallery", "url": "http://127.0.0.1:9888", "admin": False}
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                c.JupyterHub.services.append(SERVICE)
                c.JupyterHub.services += [{"name": "b"}]
                c.JupyterHub.services = c.JupyterHub.services + [{"name": "d"}]
                c.JupyterHub.services.extend([{"name": "e", "command": [sys.executable, "-m", "e"]}])
                c.JupyterHub.template_paths.insert(0, "/srv/templates")
                c.JupyterHub.tornado_settings.update({"a": 1})
                del c.Spawner.cmd
         """},
        {C: ["partial", [
            ["c.JupyterHub.services", "append",
             {"name": "gallery", "url": "http://127.0.0.1:9888", "admin": False}, "certain"],
            ["c.JupyterHub.services", "extend", [{"name": "b"}], "certain"],
            ["c.JupyterHub.services", "extend", [{"name": "d"}], "certain"],
            ["c.JupyterHub.services", "extend", [{"name": "e", "command": [None, "-m", "e"]}], "partial"],
            ["c.JupyterHub.template_paths", "insert", "/srv/templates", "certain"],
            ["c.JupyterHub.tornado_settings", "update", {"a": 1}, "certain"],
            ["c.Spawner.cmd", "delete", None, "certain"],
        ]]},
    ),
    Case(
        "services-alias",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                services = [{"name": "a"}]
                c.JupyterHub.services = services
                services.append({"name": "b"})
                env = {"A": ["1"]}
                c.Spawner.environment = env
                env["A"].append("2")
         """},
        {C: ["partial", [
            ["c.JupyterHub.services", "set", [{"name": "a"}], "certain"],
            ["c.JupyterHub.services", "append", {"name": "b"}, "certain"],
            ["c.Spawner.environment", "set", {"A": ["1"]}, "partial"],
        ]]},
    ),
    Case(
        "hooks-and-lambdas",
        {"tljh_case.py": """
            import os
            from tljh.hooks import hookimpl as hook
            def before(spawner):
                os.system("rm -rf /")
            @hook
            def tljh_custom_jupyterhub_config(c):
                c.Spawner.pre_spawn_hook = before
                c.Authenticator.username_map = {k: v for k, v in (("a", "b"),)}
                c.Spawner.auth_state_hook = lambda spawner, state: None
                c.Spawner.environment = {"HOME": lambda s: s.name, "LANG": "C"}
         """},
        {C: ["partial", [
            ["c.Spawner.pre_spawn_hook", "set", None, "opaque"],
            ["c.Authenticator.username_map", "set", {"a": "b"}, "certain"],
            ["c.Spawner.auth_state_hook", "set", None, "opaque"],
            ["c.Spawner.environment", "set", {"HOME": None, "LANG": "C"}, "partial"],
        ]]},
    ),
    Case(
        "oauth",
        {"tljh_case.py": """
            import os
            from oauthenticator.github import GitHubOAuthenticator
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                c.JupyterHub.authenticator_class = GitHubOAuthenticator
                c.GitHubOAuthenticator.client_id = os.environ["GITHUB_ID"]
                c.GitHubOAuthenticator.oauth_callback_url = os.getenv("CALLBACK", "https://hub/oauth")
                if os.environ.get("OPEN"):
                    c.Authenticator.allow_all = True
                else:
                    c.Authenticator.allowed_users = {"b", "a"}
                c.LocalAuthenticator.create_system_users = True
         """},
        {C: ["partial", [
            ["c.JupyterHub.authenticator_class", "set", None, "opaque"],
            ["c.GitHubOAuthenticator.client_id", "set", None, "opaque"],
            ["c.GitHubOAuthenticator.oauth_callback_url", "set", "https://hub/oauth", "partial"],
            ["c.Authenticator.allow_all", "set", True, "partial"],
            ["c.Authenticator.allowed_users", "set", ["a", "b"], "partial"],
            ["c.LocalAuthenticator.create_system_users", "set", True, "certain"],
        ]]},
    ),
    Case(
        "templates",
        {"tljh_case/__init__.py": """
            from pathlib import Path
            from tljh.hooks import hookimpl
            HERE = Path(__file__).parent
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                c.JupyterHub.template_paths = [str(HERE / "templates")]
                c.JupyterHub.template_vars = {"announcement": (HERE / "news.txt").read_text()}
         """, "tljh_case/news.txt": "hello", "tljh_case/templates/page.html": ""},
        {C: ["partial", [
            ["c.JupyterHub.template_paths", "set", ["{site-packages}/tljh_case/templates"], "partial"],
            ["c.JupyterHub.template_vars", "set", {"announcement": "hello"}, "certain"],
        ]]},
    ),
    Case(
        "in-a-loop",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            SETTINGS = {"Spawner": {"cpu_limit": 1, "mem_limit": "1G"}, "JupyterHub": {"port": 8000}}
            @hookimpl
            def tljh_custom_jupyterhub_config(c):
                for section, values in SETTINGS.items():
                    for name, value in values.items():
                        setattr(c[section], name, value)
                c.merge({"Authenticator": {"admin_users": ["ada"]}})
                c.Spawner.update({"default_url": "/lab"})
                c.SystemdSpawner.unit_extra_properties.setdefault("CPUWeight", "100")
         """},
        {C: ["partial", [
            ["c.Spawner.cpu_limit", "set", 1, "certain"],
            ["c.Spawner.mem_limit", "set", "1G", "certain"],
            ["c.JupyterHub.port", "set", 8000, "certain"],
            ["c.Authenticator", "update", {"admin_users": ["ada"]}, "partial"],
            ["c.Spawner.default_url", "set", "/lab", "certain"],
            ["c.SystemdSpawner.unit_extra_properties", "update", {"CPUWeight": "100"}, "partial"],
        ]]},
    ),
    Case(
        "drop-in",
        {"tljh_case.py": """
            import os
            from tljh.config import CONFIG_DIR
            from tljh.hooks import hookimpl
            EXTRA = '''
            c.Spawner.default_url = "/tree"
            c.JupyterHub.services.append({"name": "x"})
            '''.replace("            ", "")
            @hookimpl
            def tljh_post_install():
                path = os.path.join(CONFIG_DIR, "jupyterhub_config.d", "x.py")
                with open(path, "w") as f:
                    f.write(EXTRA)
         """},
        {"tljh_post_install": ["certain", [
            ["file", "writes /opt/tljh/config/jupyterhub_config.d/x.py", "medium", "certain"],
            ["c.Spawner.default_url", "set", "/tree", "certain"],
            ["c.JupyterHub.services", "append", {"name": "x"}, "certain"],
        ]]},
    ),
    Case(
        "tljh-config-command",
        {"tljh_case.py": """
            import subprocess
            from tljh.config import CONFIG_FILE, set_config_value
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                subprocess.check_call(["tljh-config", "set", "limits.memory", "2G"])
                subprocess.run("sudo tljh-config set user_environment.default_app classic", shell=True)
                set_config_value(CONFIG_FILE, "https.enabled", True)
         """},
        {"tljh_post_install": ["certain", [
            ["limits.memory", "set", "2G", "certain"],
            ["user_environment.default_app", "set", "classic", "certain"],
            ["https.enabled", "set", True, "certain"],
        ]]},
    ),
)  # fmt: skip
