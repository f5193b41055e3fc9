"""Plugins that run code as root, with hand-written expectations."""

# ruff: noqa: E501

from __future__ import annotations

from plugins import Case

POST, NEW = "tljh_post_install", "tljh_new_user_create"

CASES = (
    Case(
        "shared-directory",
        {"tljh_case.py": """
            import sh
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                sh.mkdir("/srv/scratch", "-p")
                sh.chown("root:jupyterhub-users", "/srv/scratch")
                sh.chmod("777", "/srv/scratch")
                sh.chmod("g+s", "/srv/scratch")
                sh.ln("-s", "/srv/scratch", "/etc/skel/scratch")
         """},
        {POST: ["certain", [
            ["file", "creates the folder /srv/scratch (runs: mkdir /srv/scratch -p as root)", "low", "certain"],
            ["permission", "makes root:jupyterhub-users the owner of /srv/scratch "
             "(runs: chown root:jupyterhub-users /srv/scratch as root)", "low", "certain"],
            ["permission", "makes /srv/scratch writable by everyone (runs: chmod 777 /srv/scratch as root)", "high",
             "certain"],
            ["permission", "makes new files in /srv/scratch belong to its group "
             "(runs: chmod g+s /srv/scratch as root)", "low", "certain"],
            ["file", "links /etc/skel/scratch to /srv/scratch (runs: ln -s /srv/scratch /etc/skel/scratch as root)",
             "medium", "certain"],
        ]]},
    ),
    Case(
        "shared-directory-os",
        {"tljh_case.py": """
            import grp, os, stat, shutil
            from tljh.hooks import hookimpl
            SHARED = "/srv/shared"
            @hookimpl
            def tljh_post_install():
                if not os.path.exists(SHARED):
                    os.makedirs(SHARED)
                os.chmod(SHARED, 0o2775)
                shutil.chown(SHARED, group="jupyterhub-users")
                os.chmod("/usr/local/bin/x", stat.S_ISUID | 0o755)
         """},
        {POST: ["partial", [
            ["file", "creates the folder /srv/shared", "low", "partial"],
            ["permission", "makes /srv/shared writable by its group, and new files in it belong to its group", "low",
             "certain"],
            ["permission", "changes the owner of /srv/shared", "medium", "certain"],
            ["permission", "lets anyone run /usr/local/bin/x with its owner's rights", "high", "certain"],
        ]]},
    ),
    Case(
        "docker-rights",
        {"tljh_case.py": """
            import subprocess
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_new_user_create(username):
                subprocess.check_call(["usermod", "-aG", "docker", username])
         """},
        {NEW: ["certain", [
            ["user", "gives a user the rights of the group docker (runs: usermod -aG docker {username} as root)", "high",
             "certain"],
        ]]},
    ),
    Case(
        "tljh-user-group",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            from tljh.user import ensure_group, ensure_user_group
            from tljh import systemd
            @hookimpl
            def tljh_post_install():
                ensure_group("analysts")
                ensure_user_group("jupyter-ada", "analysts")
                systemd.restart_service("jupyterhub")
         """},
        {POST: ["certain", [
            ["user", "creates the group analysts", "medium", "certain"],
            ["user", "puts jupyter-ada into the group analysts", "medium", "certain"],
            ["service", "tljh.systemd.restart_service jupyterhub", "medium", "certain"],
        ]]},
    ),
    Case(
        "curl-into-shell",
        {"tljh_case.py": """
            import os
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                os.system("curl -fsSL https://example.org/install.sh | bash")
                os.system('''apt-get update && apt-get install -y \\\\
                    sl cowsay > /dev/null; systemctl enable --now foo''')
         """},
        {POST: ["certain", [
            ["network", "downloads https://example.org/install.sh (runs: curl -fsSL https://example.org/install.sh as root)",
             "medium", "certain"],
            ["network", "runs as root what it downloads from https://example.org/install.sh", "high", "certain"],
            ["package", "runs: apt-get update as root", "low", "certain"],
            ["package", "installs the Debian packages sl, cowsay (runs: apt-get install -y sl cowsay as root)", "medium",
             "certain"],
            ["service", "changes services: enable foo (runs: systemctl enable --now foo as root)", "medium", "certain"],
        ]]},
    ),
    Case(
        "pip-into-user-environment",
        {"tljh_case.py": """
            import os, subprocess, sys
            from tljh import conda
            from tljh.config import USER_ENV_PREFIX
            from tljh.hooks import hookimpl
            from tljh.utils import run_subprocess
            @hookimpl
            def tljh_post_install():
                run_subprocess([os.path.join(USER_ENV_PREFIX, "bin", "pip"), "install", "voila"])
                subprocess.run(f"{USER_ENV_PREFIX}/bin/conda install -y -c conda-forge gdal", shell=True)
                subprocess.check_call([sys.executable, "-m", "pip", "install", "nbgitpuller"])
                conda.ensure_conda_packages(USER_ENV_PREFIX, ["xarray"])
         """},
        {POST: ["certain", [
            ["package", "installs Python packages voila (runs: /opt/tljh/user/bin/pip install voila as root)", "medium",
             "certain"],
            ["package", "installs Python packages conda-forge, gdal "
             "(runs: /opt/tljh/user/bin/conda install -y -c conda-forge gdal as root)", "medium", "certain"],
            ["package", "installs Python packages nbgitpuller (runs: {python} -m pip install nbgitpuller as root)",
             "medium", "certain"],
            ["package", "installs packages into /opt/tljh/user: {…}", "medium", "certain"],
        ]]},
    ),
    Case(
        "packaged-script",
        {"tljh_case/__init__.py": """
            import subprocess
            from pathlib import Path
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                subprocess.run(["bash", str(Path(__file__).parent / "setup.sh")], check=True)
         """, "tljh_case/setup.sh": """
            #!/bin/bash
            set -e
            VERSION=1
            # a comment
            if [ ! -d /opt/x ]; then
              git clone https://example.org/x /opt/x
            fi
            cat <<EOF > /etc/profile.d/x.sh
            export A=1
            EOF
            echo hello
         """},
        {POST: ["partial", [
            ["command", "runs: bash tljh_case/setup.sh as root", "medium", "certain"],
            ["network", "fetches https://example.org/x (runs: git clone https://example.org/x /opt/x as root), "
             "in setup.sh", "medium", "partial"],
            ["file", "writes /etc/profile.d/x.sh, in setup.sh", "high", "partial"],
        ]]},
    ),
    Case(
        "new-user-data",
        {"tljh_case.py": """
            import os, shutil
            from pathlib import Path
            from pwd import getpwnam
            from tljh.hooks import hookimpl
            SOURCE = Path("/srv/new_user_data")
            @hookimpl
            def tljh_new_user_create(username):
                home = Path("/home") / username
                shutil.copytree(SOURCE, home, dirs_exist_ok=True)
                (home / "README").write_text("welcome")
                uid = getpwnam(username).pw_uid
                for root, dirs, files in os.walk(home):
                    for name in files:
                        os.chown(os.path.join(root, name), uid, uid)
         """},
        {NEW: ["partial", [
            ["file", "copies /srv/new_user_data to /home/{username}", "low", "certain"],
            ["file", "writes /home/{username}/README", "low", "certain"],
            ["permission", "changes the owner of {…}/{name}", "medium", "partial"],
        ]]},
    ),
    Case(
        "repository-into-home",
        {"tljh_case.py": """
            import subprocess
            from tljh.hooks import hookimpl
            URL = "https://example.org/course.git"
            def as_user(name, *words):
                subprocess.check_call(["sudo", "-u", name, *words])
            @hookimpl
            def tljh_new_user_create(username):
                as_user(username, "git", "clone", URL, f"/home/{username}/course")
         """},
        {NEW: ["certain", [
            ["network", "fetches https://example.org/course.git "
             "(runs: sudo -u {username} git clone https://example.org/course.git /home/{username}/course as root)",
             "medium", "certain"],
        ]]},
    ),
    Case(
        "database",
        {"tljh_case.py": """
            import psycopg2
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_new_user_create(username):
                with psycopg2.connect(dbname="hub") as connection:
                    connection.cursor().execute(f"CREATE ROLE {username}")
         """},
        {NEW: ["certain", [
            ["database", "connects to a database (psycopg2.connect)", "medium", "certain"],
            ["database", "uses a database (psycopg2.connect().cursor)", "low", "certain"],
            ["database", "runs in a database: CREATE ROLE {username}", "medium", "certain"],
        ]]},
    ),
    Case(
        "network",
        {"tljh_case.py": """
            import requests, urllib.request
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                r = requests.get("https://example.org/key.asc")
                with open("/etc/apt/trusted.gpg.d/key.asc", "wb") as f:
                    f.write(r.content)
                urllib.request.urlretrieve("https://example.org/x.tgz", "/tmp/x.tgz")
         """},
        {POST: ["certain", [
            ["network", "fetches or sends https://example.org/key.asc", "medium", "certain"],
            ["file", "writes /etc/apt/trusted.gpg.d/key.asc", "medium", "certain"],
            ["network", "downloads https://example.org/x.tgz to /tmp/x.tgz", "medium", "certain"],
        ]]},
    ),
    Case(
        "import-time",
        {"tljh_case.py": """
            import subprocess
            from tljh.hooks import hookimpl
            subprocess.run(["touch", "/tmp/imported"])
            @hookimpl
            def tljh_extra_user_pip_packages():
                return ["a"]
         """},
        {"tljh_extra_user_pip_packages": ["certain", ["a"]]},
        findings=("import-effects",),
        import_effects=(["file", "writes /tmp/imported (runs: touch /tmp/imported as root)", "low", "certain"],),
    ),
    Case(
        "unknown-library",
        {"tljh_case.py": """
            import stacklib
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                stacklib.install(everything=True)
         """},
        {POST: ["opaque", []]},
    ),
    Case(
        "conditional-commands",
        {"tljh_case.py": """
            import os
            import shutil
            from subprocess import run, CalledProcessError
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                if shutil.which("docker") is None:
                    run(["apt-get", "install", "-y", "docker.io"], check=True)
                try:
                    run(["docker", "pull", "jupyter/base-notebook"], check=True)
                    run("docker run --privileged x".split())
                except CalledProcessError:
                    run(["logger", "failed"])
                os.remove("/tmp/x")
         """},
        {POST: ["partial", [
            ["package", "installs the Debian packages docker.io (runs: apt-get install -y docker.io as root)", "medium",
             "partial"],
            ["network", "fetches or builds the container image jupyter/base-notebook "
             "(runs: docker pull jupyter/base-notebook as root)", "medium", "certain"],
            ["process", "runs a container with all rights (runs: docker run --privileged x as root)", "high",
             "partial"],
            ["command", "runs: logger failed as root", "medium", "partial"],
            ["file", "deletes /tmp/x", "medium", "certain"],
        ]]},
    ),
    Case(
        "sudoers",
        {"tljh_case.py": """
            from tljh.hooks import hookimpl
            @hookimpl
            def tljh_post_install():
                with open("/etc/sudoers.d/all", "a") as f:
                    f.write("ALL ALL=(ALL) NOPASSWD: ALL")
         """},
        {POST: ["certain", [["file", "appends to /etc/sudoers.d/all", "high", "certain"]]]},
    ),
)  # fmt: skip
