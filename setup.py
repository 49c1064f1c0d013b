"The package, described by settings.ini alone: change things there."
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

here = Path(__file__).parent
ini = ConfigParser(delimiters=['='])
ini.read(here/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
lib = cfg['lib_path']

statuses = ['', '1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature', '7 - Inactive']
minor = int(cfg['min_python'].split('.')[1])
readme = here/'README.md'
# The embedded model is data of the package: a diffusers folder of json, txt and safetensors.
model_files = sorted(str(p.relative_to(here/lib))
                     for name in ('tiny_model', 'tiny_depth') for p in (here/lib/name).rglob('*') if p.is_file())

class Library(build_py):
    "All modules but `dev.showdoc`, with which nbdev renders the docs: it needs nbdev, and a checkout."
    def find_package_modules(self, package, folder): return [m for m in super().find_package_modules(package, folder) if m[1] != 'showdoc']

setup(
    cmdclass={'build_py': Library},
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    project_urls={'Documentation': cfg['doc_host'] + cfg['doc_baseurl'], 'Source': cfg['git_url']},
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else cfg['description'],
    long_description_content_type='text/markdown',
    license='MIT', license_files=['LICENSE', 'NOTICE'],
    classifiers=[f'Development Status :: {statuses[int(cfg["status"])]}', f'Intended Audience :: {cfg["audience"]}',
                 f'Natural Language :: {cfg["language"]}'] + [f'Programming Language :: Python :: 3.{m}' for m in range(minor, 14)],
    python_requires=f'>={cfg["min_python"]}',
    install_requires=cfg['requirements'].split(),
    extras_require={'dev': cfg['dev_requirements'].split(), 'speed': cfg['speed_requirements'].split(), 'ray': cfg['ray_requirements'].split()},
    packages=find_packages(include=[lib, f'{lib}.*'], exclude=[f'{lib}.tiny_model*', f'{lib}.tiny_depth*']),
    package_data={lib: ['__init__.pyi', *model_files, 'report.html.jinja', 'batch.html.jinja', 'compare.js', 'compare.css', 'flower.mp4']},
    entry_points={'console_scripts': cfg.get('console_scripts', '').split(), 'nbdev': [f'{lib}={lib}._modidx:d']},
    zip_safe=False,
)
